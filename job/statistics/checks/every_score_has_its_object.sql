-- A row here is a score of an object that `objects` does not hold.
SELECT DISTINCT dataset, image, axis, slice, task
FROM iou
ANTI JOIN objects USING (dataset, image, axis, slice, task)
