-- One row per data set x task x run that did not see all objects that any other run saw with the same prompt and
-- protocol. missing: how many it lacks. A model lacks no mask choice and no seed that it never has. A sound study has no
-- row.
WITH

seen AS (
    SELECT task_index, run_index, count(DISTINCT object) AS objects
    FROM scores
    GROUP BY ALL
),

wanted AS (
    SELECT task_index, prompt, protocol, count(DISTINCT object) AS objects
    FROM scores
    INNER JOIN runs USING (run_index)
    GROUP BY ALL
),

final AS (
    SELECT run, dataset, task, wanted.objects - coalesce(seen.objects, 0) AS missing
    FROM wanted
    INNER JOIN runs USING (prompt, protocol)
    INNER JOIN tasks USING (task_index)
    LEFT JOIN seen ON wanted.task_index = seen.task_index AND runs.run_index = seen.run_index
    WHERE wanted.objects > coalesce(seen.objects, 0)
)

SELECT run.*, * EXCLUDE (run) FROM final
ORDER BY dataset, task, run
