-- One row per reason x data set x task: how many objects are not paired. examples: the first three of them.
WITH

named AS (
    SELECT
        *,
        image || CASE WHEN axis = 'none' THEN '' ELSE ' ' || axis || ' ' || slice END AS name
    FROM pairing
    WHERE state <> 'paired'
)

SELECT
    state,
    dataset,
    task,
    count(*) AS objects,
    array_to_string(list(name ORDER BY image, axis, slice)[1:3], ', ') AS examples
FROM named
GROUP BY ALL
ORDER BY ALL
