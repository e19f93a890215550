-- One row per object x run of clicks x IoU level. first_click: the first click that reaches the level; 0 if the box that the
-- protocol begins with reaches it; null if none does.
SELECT
    object,
    task_index,
    cluster_index,
    run_index,
    clicks,
    level,
    first_click(box_iou, ious, level) AS first_click
FROM trajectories
CROSS JOIN levels
