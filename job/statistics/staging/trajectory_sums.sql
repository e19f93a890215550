-- One row per measure x task x run of clicks x cluster: sums over the cluster's objects of what a whole trajectory has.
-- A measure carries the limit of clicks in its name, such as AUC@9 and NoC20@90 (the level in percent). Only the numbers
-- of clicks needed are known where a trajectory stopped at a target IoU.
WITH

stopped_runs AS (
    SELECT DISTINCT task_index, run_index FROM trajectories WHERE stopped
),

courses AS (
    SELECT
        task_index,
        run_index,
        cluster_index,
        clicks,
        count(*) AS objects,
        sum(exact(auc)) AS auc,
        sum(exact(auc_trapezoid)) AS auc_trapezoid,
        sum(exact(dice_auc_trapezoid)) AS dice_auc_trapezoid,
        sum(exact(gain)) AS gain,
        count(*) FILTER (worse) AS worse
    FROM trajectories
    ANTI JOIN stopped_runs USING (task_index, run_index)
    GROUP BY ALL
),

needed AS (
    SELECT
        task_index,
        run_index,
        cluster_index,
        clicks,
        clicks || '@' || percent(level) AS limit_and_level,
        count(*) AS objects,
        sum(coalesce(first_click, clicks)) AS noc,
        count(*) FILTER (first_click IS NULL) AS never_reached,
        count(*) FILTER (coalesce(first_click, clicks) = clicks) AS reached_limit
    FROM level_clicks
    GROUP BY ALL
),

final AS (
    SELECT 'AUC@' || clicks AS measure, task_index, run_index, cluster_index, clicks, objects, auc AS total
    FROM courses
    UNION ALL
    SELECT 'AUC-trapezoid@' || clicks, task_index, run_index, cluster_index, clicks, objects, auc_trapezoid
    FROM courses
    UNION ALL
    SELECT 'dice-AUC-trapezoid@' || clicks, task_index, run_index, cluster_index, clicks, objects, dice_auc_trapezoid
    FROM courses
    UNION ALL
    SELECT 'gain@' || clicks, task_index, run_index, cluster_index, clicks, objects, gain
    FROM courses
    UNION ALL
    SELECT 'worse@' || clicks, task_index, run_index, cluster_index, clicks, objects, worse
    FROM courses
    UNION ALL
    SELECT 'NoC' || limit_and_level, task_index, run_index, cluster_index, clicks, objects, noc
    FROM needed
    UNION ALL
    SELECT 'never-reached' || limit_and_level, task_index, run_index, cluster_index, clicks, objects, never_reached
    FROM needed
    UNION ALL
    SELECT 'reached-limit' || limit_and_level, task_index, run_index, cluster_index, clicks, objects, reached_limit
    FROM needed
    UNION ALL
    SELECT
        metric || ' AUC-trapezoid@' || clicks,
        task_index,
        run_index,
        cluster_index,
        clicks,
        count(*),
        sum(exact(auc_trapezoid))
    FROM boundary_trajectories
    GROUP BY ALL
)

SELECT * FROM final
