-- One row per measure of this study: what its numbers are. unit: of the mean; `share` is 0 to 1. higher_is_better: null
-- where neither is. over: what the mean is over.
WITH

known (pattern, unit, higher_is_better, over) AS (
    VALUES
    ('iou', 'share', TRUE, 'objects'),
    ('dice', 'share', TRUE, 'objects'),
    ('failures', 'share', FALSE, 'objects'),
    ('sensitivity', 'share', TRUE, 'objects'),
    ('precision', 'share', TRUE, 'objects with a prediction'),
    ('predicted-bias', 'share', NULL, 'objects with a predicted IoU'),
    ('predicted-error', 'share', FALSE, 'objects with a predicted IoU'),
    ('patient-iou', 'share', TRUE, 'patients'),
    ('volume-iou', 'share', TRUE, 'volumes'),
    ('volume-dice', 'share', TRUE, 'volumes'),
    ('seed-sd', 'share', FALSE, 'objects, each over all seeds'),
    ('seed-range', 'share', FALSE, 'objects, each over all seeds'),
    ('worst-seed-iou', 'share', TRUE, 'objects, each over all seeds'),
    ('AUC@[0-9]+', 'share', TRUE, 'objects'),
    ('AUC-trapezoid@[0-9]+', 'share', TRUE, 'objects'),
    ('dice-AUC-trapezoid@[0-9]+', 'share', TRUE, 'objects'),
    ('.+ AUC-trapezoid@[0-9]+', 'share', TRUE, 'objects with a value'),
    ('gain@[0-9]+', 'share', TRUE, 'objects'),
    ('worse@[0-9]+', 'share', FALSE, 'objects'),
    ('NoC[0-9]+@[0-9.]+', 'clicks', FALSE, 'objects'),
    ('never-reached[0-9]+@[0-9.]+', 'share', FALSE, 'objects'),
    ('reached-limit[0-9]+@[0-9.]+', 'share', FALSE, 'objects')
),

present AS (
    SELECT DISTINCT measure FROM rows_over_tasks
),

final AS (
    SELECT measure, unit, higher_is_better, over
    FROM present
    INNER JOIN known ON regexp_full_match(measure, pattern)
    UNION ALL
    SELECT DISTINCT metric, unit, higher_is_better, 'objects with a value'
    FROM boundary
    WHERE value IS NOT NULL
)

SELECT * FROM final
ORDER BY measure
