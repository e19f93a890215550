-- One row per chosen object x run x step, of the first seed: its score, its mask, and what the model was given until then.
SELECT place, iou.*, mask, points, boxes
FROM chosen
INNER JOIN iou USING (dataset, image, axis, slice, task)
INNER JOIN predictions USING (dataset, image, axis, slice, task, model, prompt, protocol, mask_choice, step, seed)
QUALIFY seed = min(seed) OVER (PARTITION BY place, model, prompt, protocol, mask_choice)
ORDER BY place, protocol = 'one-shot', prompt, protocol, model, mask_choice, step
