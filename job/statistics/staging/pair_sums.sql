-- One row per task x pair x cluster: sums over the objects that both sides saw. Differences are `of` minus `minus`.
-- precision_*: of objects that both predicted to have pixels.
WITH

joined AS (
    SELECT
        ours.task_index,
        ours.cluster_index,
        pair_index,
        ours.iou AS of_iou,
        theirs.iou AS minus_iou,
        ours.dice - theirs.dice AS dice,
        (ours.iou < 0.5)::INTEGER - (theirs.iou < 0.5)::INTEGER AS failures,
        (ours.intersection_px - theirs.intersection_px) / ours.object_px AS sensitivity,
        ours.intersection_px / nullif(ours.union_px - ours.object_px + ours.intersection_px, 0)
        - theirs.intersection_px / nullif(theirs.union_px - theirs.object_px + theirs.intersection_px, 0)
            AS precision_difference
    FROM scores AS ours
    INNER JOIN pairs ON ours.run_index = pairs.of_run AND ours.step = pairs.of_step
    INNER JOIN scores AS theirs
        ON ours.object = theirs.object AND pairs.minus_run = theirs.run_index AND pairs.minus_step = theirs.step
    ANTI JOIN stopped_steps AS ours_stopped
        ON
            ours.task_index = ours_stopped.task_index
            AND ours.run_index = ours_stopped.run_index
            AND ours.step = ours_stopped.step
    ANTI JOIN stopped_steps AS theirs_stopped
        ON
            theirs.task_index = theirs_stopped.task_index
            AND theirs.run_index = theirs_stopped.run_index
            AND theirs.step = theirs_stopped.step
)

SELECT
    task_index,
    pair_index,
    cluster_index,
    count(*) AS objects,
    sum(exact(of_iou)) AS of_iou,
    sum(exact(minus_iou)) AS minus_iou,
    sum(exact(of_iou) - exact(minus_iou)) AS iou,
    sum(exact(dice)) AS dice,
    sum(failures) AS failures,
    sum(exact(sensitivity)) AS sensitivity,
    sum(exact(precision_difference)) AS precision_sum,
    count(precision_difference) AS precision_objects,
    count(*) FILTER (of_iou > minus_iou) AS wins,
    count(*) FILTER (of_iou = minus_iou) AS ties
FROM joined
GROUP BY ALL
