-- A row here is a trajectory that lacks a step: its run goes to `steps`, it has `rows`.
WITH

runs AS (
    SELECT dataset, model, prompt, protocol, mask_choice, max(step) AS steps
    FROM iou
    GROUP BY ALL
)

SELECT dataset, image, axis, slice, task, model, prompt, protocol, mask_choice, steps, count(*) AS rows
FROM iou
INNER JOIN runs USING (dataset, model, prompt, protocol, mask_choice)
GROUP BY ALL
HAVING count(*) <> steps
