-- One row per measure of this study: what its numbers are. unit: of the mean. higher_is_better: null where neither is. over:
-- what the mean is over. object_values: what an object can have, `0 or 1`, `0 to 1` or `any`, on which the interval of the
-- mean depends. A model may predict an IoU above 1.
WITH

known (pattern, unit, higher_is_better, over, object_values) AS (
    VALUES
    ('iou', 'share', TRUE, 'objects', '0 to 1'),
    ('dice', 'share', TRUE, 'objects', '0 to 1'),
    ('failures', 'share', FALSE, 'objects', '0 or 1'),
    ('sensitivity', 'share', TRUE, 'objects', '0 to 1'),
    ('precision', 'share', TRUE, 'objects with a prediction', '0 to 1'),
    ('predicted-bias', 'share', NULL, 'objects with a predicted IoU', 'any'),
    ('predicted-error', 'share', FALSE, 'objects with a predicted IoU', 'any'),
    ('patient-iou', 'share', TRUE, 'patients', '0 to 1'),
    ('volume-iou', 'share', TRUE, 'volumes', '0 to 1'),
    ('volume-dice', 'share', TRUE, 'volumes', '0 to 1'),
    ('seed-sd', 'share', FALSE, 'objects, each over all seeds', '0 to 1'),
    ('seed-range', 'share', FALSE, 'objects, each over all seeds', '0 to 1'),
    ('worst-seed-iou', 'share', TRUE, 'objects, each over all seeds', '0 to 1'),
    ('AUC@[0-9]+', 'share', TRUE, 'objects', '0 to 1'),
    ('AUC-trapezoid@[0-9]+', 'share', TRUE, 'objects', '0 to 1'),
    ('dice-AUC-trapezoid@[0-9]+', 'share', TRUE, 'objects', '0 to 1'),
    ('.+ AUC-trapezoid@[0-9]+', 'share', TRUE, 'objects with a value', '0 to 1'),
    ('gain@[0-9]+', 'share', TRUE, 'objects', 'any'),
    ('worse@[0-9]+', 'share', FALSE, 'objects', '0 or 1'),
    ('NoC[0-9]+@[0-9.]+', 'clicks', FALSE, 'objects', 'any'),
    ('never-reached[0-9]+@[0-9.]+', 'share', FALSE, 'objects', '0 or 1'),
    ('reached-limit[0-9]+@[0-9.]+', 'share', FALSE, 'objects', '0 or 1')
),

present AS (
    SELECT DISTINCT measure FROM measure_sums
)

SELECT measure, unit, higher_is_better, over, object_values
FROM present
INNER JOIN known ON regexp_full_match(measure, pattern)
UNION ALL
SELECT DISTINCT metric, unit, higher_is_better, 'objects with a value', CASE unit WHEN 'share' THEN '0 to 1' ELSE 'any' END
FROM boundary
WHERE value IS NOT NULL
