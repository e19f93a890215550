-- One row per measure of this study: what its numbers are. unit: of the mean. higher_is_better: null where neither is. over:
-- what the mean is over. is_proportion: whether an object has 0 or 1. lowest, highest: what an object can have, infinite
-- where that is not known, on which the interval of the mean depends. A model may predict an IoU above 1.
WITH

known (pattern, unit, higher_is_better, over, is_proportion, lowest, highest) AS (
    VALUES
    ('iou', 'share', TRUE, 'objects', FALSE, 0.0, 1.0),
    ('dice', 'share', TRUE, 'objects', FALSE, 0.0, 1.0),
    ('failures', 'share', FALSE, 'objects', TRUE, 0.0, 1.0),
    ('sensitivity', 'share', TRUE, 'objects', FALSE, 0.0, 1.0),
    ('precision', 'share', TRUE, 'objects with a prediction', FALSE, 0.0, 1.0),
    ('predicted-bias', 'share', NULL, 'objects with a predicted IoU', FALSE, '-Infinity'::DOUBLE, 'Infinity'::DOUBLE),
    ('predicted-error', 'share', FALSE, 'objects with a predicted IoU', FALSE, 0.0, 'Infinity'::DOUBLE),
    ('patient-iou', 'share', TRUE, 'patients', FALSE, 0.0, 1.0),
    ('volume-iou', 'share', TRUE, 'volumes', FALSE, 0.0, 1.0),
    ('volume-dice', 'share', TRUE, 'volumes', FALSE, 0.0, 1.0),
    ('seed-sd', 'share', FALSE, 'objects, each over all seeds', FALSE, 0.0, 1.0),
    ('seed-range', 'share', FALSE, 'objects, each over all seeds', FALSE, 0.0, 1.0),
    ('worst-seed-iou', 'share', TRUE, 'objects, each over all seeds', FALSE, 0.0, 1.0),
    ('AUC@[0-9]+', 'share', TRUE, 'objects', FALSE, 0.0, 1.0),
    ('AUC-trapezoid@[0-9]+', 'share', TRUE, 'objects', FALSE, 0.0, 1.0),
    ('dice-AUC-trapezoid@[0-9]+', 'share', TRUE, 'objects', FALSE, 0.0, 1.0),
    ('.+ AUC-trapezoid@[0-9]+', 'share', TRUE, 'objects with a value', FALSE, 0.0, 1.0),
    ('gain@[0-9]+', 'share', TRUE, 'objects', FALSE, -1.0, 1.0),
    ('worse@[0-9]+', 'share', FALSE, 'objects', TRUE, 0.0, 1.0),
    ('NoC[0-9]+@[0-9.]+', 'clicks', FALSE, 'objects', FALSE, 0.0, NULL),
    ('never-reached[0-9]+@[0-9.]+', 'share', FALSE, 'objects', TRUE, 0.0, 1.0),
    ('reached-limit[0-9]+@[0-9.]+', 'share', FALSE, 'objects', TRUE, 0.0, 1.0)
),

present AS (
    SELECT DISTINCT measure FROM measure_sums
)

SELECT
    measure,
    unit,
    higher_is_better,
    over,
    is_proportion,
    lowest,
    coalesce(highest, try_cast(regexp_extract(measure, '^NoC([0-9]+)@', 1) AS DOUBLE)) AS highest  -- the limit of clicks
FROM present
INNER JOIN known ON regexp_full_match(measure, pattern)
UNION ALL
SELECT DISTINCT
    metric,
    unit,
    higher_is_better,
    'objects with a value',
    FALSE,
    0.0,
    CASE unit WHEN 'share' THEN 1.0 ELSE 'Infinity'::DOUBLE END  -- a distance is not negative
FROM boundary
WHERE value IS NOT NULL
