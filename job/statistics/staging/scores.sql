-- One row per object x run x step: its score, under the numbers of object, task, cluster and run.
-- iou, dice: 0 to 1. stopped: the trajectory ended at a target IoU, so that its later rows are no scores of clicks.
SELECT
    object,
    task_index,
    cluster_index,
    run_index,
    step,
    iou,
    dice,
    predicted_iou,
    intersection_px,
    union_px,
    object_px,
    status IS NOT DISTINCT FROM 'target' AS stopped
FROM iou
INNER JOIN numbered_objects USING (dataset, image, axis, slice, task)
INNER JOIN runs USING (model, prompt, protocol, mask_choice, seed)
