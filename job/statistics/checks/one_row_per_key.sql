-- A row here is a key that stands in `iou` more than once.
SELECT dataset, image, axis, slice, task, model, prompt, protocol, mask_choice, step, count(*) AS rows
FROM iou
GROUP BY ALL
HAVING count(*) > 1
