-- A row here is a score outside 0 to 1, or one that differs from the quotient of its own pixel counts.
SELECT dataset, image, axis, slice, task, run_of(score) AS run, step, iou, intersection_px, union_px
FROM iou AS score
WHERE
    iou IS NULL
    OR NOT iou BETWEEN 0 AND 1
    OR intersection_px IS NULL
    OR union_px IS NULL
    OR union_px <= 0
    OR iou <> intersection_px / union_px
