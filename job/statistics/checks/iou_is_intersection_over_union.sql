-- A row here is a score outside 0 to 1, or one that its own pixel counts do not give.
SELECT dataset, image, axis, slice, task, model, prompt, protocol, mask_choice, step, iou, intersection_px, union_px
FROM iou
WHERE
    iou IS NULL
    OR NOT iou BETWEEN 0 AND 1
    OR intersection_px IS NULL
    OR union_px IS NULL
    OR union_px <= 0
    OR iou <> intersection_px / union_px
