-- One row per object of either output: whether it is `paired`, or why not: another truth, another size of the image, or
-- the output that alone has it (`only before`, `only after`).
WITH

before AS (
    SELECT dataset, image, axis, slice, task, height, width, truth, TRUE AS present FROM before_objects
),

after AS (
    SELECT dataset, image, axis, slice, task, height, width, truth, TRUE AS present FROM after_objects
)

SELECT
    dataset,
    image,
    axis,
    slice,
    task,
    CASE
        WHEN after.present IS NULL THEN 'only before'
        WHEN before.present IS NULL THEN 'only after'
        WHEN (before.height, before.width) IS DISTINCT FROM (after.height, after.width) THEN 'another size'
        WHEN before.truth IS DISTINCT FROM after.truth THEN 'another truth'
        ELSE 'paired'
    END AS state
FROM before
FULL JOIN after USING (dataset, image, axis, slice, task)
