-- One row per measure x task x pair x cluster: sums over the objects that both sides saw of the differences of what a
-- whole trajectory has. The pair is that of the last click. Both sides have the same limit of clicks.
WITH

ends AS (
    SELECT pairs.*
    FROM pairs
    INNER JOIN runs AS ours ON pairs.of_run = ours.run_index AND pairs.of_step = ours.last_step
    INNER JOIN runs AS theirs ON pairs.minus_run = theirs.run_index AND pairs.minus_step = theirs.last_step
    WHERE series_index IS NOT NULL AND ours.last_step = theirs.last_step
),

stopped_runs AS (
    SELECT DISTINCT task_index, run_index FROM trajectories WHERE stopped
),

courses AS (
    SELECT
        ours.task_index,
        pair_index,
        ours.cluster_index,
        ours.clicks,
        count(*) AS objects,
        sum(exact(ours.auc) - exact(theirs.auc)) AS auc,
        sum(exact(ours.auc_trapezoid) - exact(theirs.auc_trapezoid)) AS auc_trapezoid,
        sum(exact(ours.dice_auc_trapezoid) - exact(theirs.dice_auc_trapezoid)) AS dice_auc_trapezoid,
        sum(exact(ours.gain) - exact(theirs.gain)) AS gain
    FROM trajectories AS ours
    INNER JOIN ends ON ours.run_index = ends.of_run
    INNER JOIN trajectories AS theirs ON ours.object = theirs.object AND ends.minus_run = theirs.run_index
    ANTI JOIN stopped_runs AS ours_stopped
        ON ours.task_index = ours_stopped.task_index AND ours.run_index = ours_stopped.run_index
    ANTI JOIN stopped_runs AS theirs_stopped
        ON theirs.task_index = theirs_stopped.task_index AND theirs.run_index = theirs_stopped.run_index
    GROUP BY ALL
),

needed AS (
    SELECT
        ours.task_index,
        pair_index,
        ours.cluster_index,
        ours.clicks || '@' || percent(ours.level) AS limit_and_level,
        count(*) AS objects,
        sum(coalesce(ours.first_click, ours.clicks) - coalesce(theirs.first_click, theirs.clicks)) AS noc,
        sum((ours.first_click IS NULL)::INTEGER - (theirs.first_click IS NULL)::INTEGER) AS never_reached
    FROM level_clicks AS ours
    INNER JOIN ends ON ours.run_index = ends.of_run
    INNER JOIN level_clicks AS theirs
        ON ours.object = theirs.object AND ours.level = theirs.level AND ends.minus_run = theirs.run_index
    GROUP BY ALL
),

final AS (
    SELECT 'AUC@' || clicks AS measure, task_index, pair_index, cluster_index, objects, auc AS total
    FROM courses
    UNION ALL
    SELECT 'AUC-trapezoid@' || clicks, task_index, pair_index, cluster_index, objects, auc_trapezoid
    FROM courses
    UNION ALL
    SELECT 'dice-AUC-trapezoid@' || clicks, task_index, pair_index, cluster_index, objects, dice_auc_trapezoid
    FROM courses
    UNION ALL
    SELECT 'gain@' || clicks, task_index, pair_index, cluster_index, objects, gain
    FROM courses
    UNION ALL
    SELECT 'NoC' || limit_and_level, task_index, pair_index, cluster_index, objects, noc
    FROM needed
    UNION ALL
    SELECT 'never-reached' || limit_and_level, task_index, pair_index, cluster_index, objects, never_reached
    FROM needed
    UNION ALL
    SELECT
        ours.metric || ' AUC-trapezoid@' || ours.clicks,
        ours.task_index,
        pair_index,
        ours.cluster_index,
        count(*),
        sum(exact(ours.auc_trapezoid) - exact(theirs.auc_trapezoid))
    FROM boundary_trajectories AS ours
    INNER JOIN ends ON ours.run_index = ends.of_run
    INNER JOIN boundary_trajectories AS theirs
        ON ours.object = theirs.object AND ours.metric = theirs.metric AND ends.minus_run = theirs.run_index
    GROUP BY ALL
)

SELECT * FROM final
