-- One row per data set x task x model that did not see all objects that another model saw with the same prompt and
-- protocol: how many it lacks. No row is what a study wants.
WITH

seen AS (
    SELECT DISTINCT dataset, image, axis, slice, task, prompt, protocol, model
    FROM scores
),

wanted AS (
    SELECT objects_seen.*, models.model
    FROM (SELECT DISTINCT dataset, image, axis, slice, task, prompt, protocol FROM seen) AS objects_seen
    INNER JOIN (SELECT DISTINCT prompt, protocol, model FROM seen) AS models USING (prompt, protocol)
),

final AS (
    SELECT dataset, task, prompt, protocol, model, count(*) AS missing
    FROM wanted
    ANTI JOIN seen USING (dataset, image, axis, slice, task, prompt, protocol, model)
    GROUP BY ALL
)

SELECT * FROM final
ORDER BY dataset, task, prompt, protocol, model
