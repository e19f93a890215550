-- One row per object x run of clicks x IoU level. first_click: the first click that reaches the level; null if none does.
-- IoU and level are compared as doubles: a FLOAT 0.9 is below 0.9.
SELECT
    object,
    task_index,
    cluster_index,
    run_index,
    clicks,
    level,
    nullif(list_position(list_transform(ious, lambda iou: iou >= level), TRUE), 0) AS first_click
FROM trajectories
CROSS JOIN levels
