-- One row per data set x task x run that did not see all objects that any other run saw with the same prompt and
-- protocol. missing: how many it lacks. A model lacks no mask choice and no seed that it never has. A sound study has no
-- row.
WITH

seen AS (
    SELECT DISTINCT dataset, image, axis, slice, task, run, run.protocol, run.prompt
    FROM scores
),

wanted AS (
    SELECT objects_seen.*, runs.run
    FROM (SELECT DISTINCT dataset, image, axis, slice, task, protocol, prompt FROM seen) AS objects_seen
    INNER JOIN (SELECT DISTINCT run, protocol, prompt FROM seen) AS runs USING (protocol, prompt)
),

final AS (
    SELECT run, dataset, task, count(*) AS missing
    FROM wanted
    ANTI JOIN seen USING (dataset, image, axis, slice, task, run)
    GROUP BY ALL
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY dataset, task, run
