-- One row per data set x task x prompt x protocol x model x mask_choice that did not see all objects that any other saw
-- with the same prompt and protocol: how many it lacks. A model lacks no mask choice that it never has. No row is what a
-- study wants.
WITH

seen AS (
    SELECT DISTINCT dataset, image, axis, slice, task, prompt, protocol, model, mask_choice
    FROM scores
),

wanted AS (
    SELECT objects_seen.*, runs.model, runs.mask_choice
    FROM (SELECT DISTINCT dataset, image, axis, slice, task, prompt, protocol FROM seen) AS objects_seen
    INNER JOIN (SELECT DISTINCT prompt, protocol, model, mask_choice FROM seen) AS runs USING (prompt, protocol)
),

final AS (
    SELECT dataset, task, prompt, protocol, model, mask_choice, count(*) AS missing
    FROM wanted
    ANTI JOIN seen USING (dataset, image, axis, slice, task, prompt, protocol, model, mask_choice)
    GROUP BY ALL
)

SELECT * FROM final
ORDER BY dataset, task, prompt, protocol, model, mask_choice
