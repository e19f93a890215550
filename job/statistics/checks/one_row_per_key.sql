-- A row here is a key that `iou` holds more than once.
SELECT dataset, image, axis, slice, task, run_of(score) AS run, step, count(*) AS rows
FROM iou AS score
GROUP BY ALL
HAVING count(*) > 1
