-- One row per chosen object x way of prompting x model x mask choice: the mask at the step that is shown, and what the model
-- was given until then. is_named: the query names it; it is shown at the last step that the query names. The other models
-- stand beside it at its step: by the same mask choice, or by all of theirs where they lack it. ious: of each step so far.
WITH

named_ends AS (
    SELECT
        place, dataset, image, axis, slice, task, iou.prompt, iou.protocol, iou.seed, iou.model, iou.mask_choice,
        max(iou.step) AS step
    FROM chosen
    INNER JOIN named USING (dataset, image, axis, slice, task)
    INNER JOIN iou USING (dataset, image, axis, slice, task)
    WHERE
        coalesce(named.model, iou.model) = iou.model
        AND coalesce(named.prompt, iou.prompt) = iou.prompt
        AND coalesce(named.protocol, iou.protocol) = iou.protocol
        AND coalesce(named.mask_choice, iou.mask_choice) = iou.mask_choice
        AND coalesce(named.step, iou.step) = iou.step
        AND coalesce(named.seed, iou.seed) = iou.seed
    GROUP BY ALL
),

ways AS (
    SELECT
        place, dataset, image, axis, slice, task, prompt, protocol, seed,
        max(step) AS step, list(model) AS models, list(mask_choice) AS choices
    FROM named_ends
    GROUP BY ALL
),

beside AS (
    SELECT
        place, dataset, image, axis, slice, task, prompt, protocol, seed, model, mask_choice, step
    FROM ways
    INNER JOIN iou USING (dataset, image, axis, slice, task, prompt, protocol, seed, step)
    WHERE NOT list_contains(models, model)
    QUALIFY
        list_contains(choices, mask_choice)
        OR NOT bool_or(list_contains(choices, mask_choice)) OVER (PARTITION BY place, prompt, protocol, seed, model)
),

ends AS (
    SELECT *, TRUE AS is_named FROM named_ends
    UNION ALL BY NAME
    SELECT *, FALSE AS is_named FROM beside
),

courses AS (
    SELECT
        place, prompt, protocol, seed, model, mask_choice,
        list(iou ORDER BY scores.step) AS ious
    FROM ends
    INNER JOIN iou AS scores USING (dataset, image, axis, slice, task, prompt, protocol, seed, model, mask_choice)
    WHERE scores.step <= ends.step
    GROUP BY ALL
)

SELECT ends.*, iou, dice, predicted_iou, status, ious, mask, points, boxes
FROM ends
INNER JOIN courses USING (place, prompt, protocol, seed, model, mask_choice)
INNER JOIN iou USING (dataset, image, axis, slice, task, prompt, protocol, seed, model, mask_choice, step)
INNER JOIN predictions USING (dataset, image, axis, slice, task, prompt, protocol, seed, model, mask_choice, step)
ORDER BY place, prompt, protocol, seed, model, mask_choice
