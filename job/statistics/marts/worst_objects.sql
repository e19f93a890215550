-- Up to twenty rows per kind x task x run: single objects to look at. kind: `lowest`, those of the lowest IoU at the last
-- step; `worse`, those that lost most from the first click to the last. place: 1 is the worst. iou, first_iou: at the last
-- and at the first click.
WITH

ends AS (
    SELECT
        object,
        run_index,
        arg_max(iou, step) AS iou,
        arg_min(iou, step) FILTER (step > 0) AS first_iou
    FROM scores
    GROUP BY ALL
),

kinds AS (
    SELECT 'lowest' AS kind, *, iou AS badness FROM ends
    UNION ALL
    SELECT 'worse', *, iou - first_iou FROM ends WHERE iou < first_iou
),

final AS (
    SELECT
        kind,
        run,
        dataset,
        task,
        row_number() OVER (PARTITION BY kind, run_index, task_index ORDER BY badness, object) AS place,
        image,
        axis,
        slice,
        iou,
        first_iou
    FROM kinds
    INNER JOIN numbered_objects USING (object)
    INNER JOIN runs USING (run_index)
    QUALIFY place <= 20
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY kind, run, dataset, task, place
