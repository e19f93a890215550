-- One row per score, beside the facts of its object: what a condition of `medsam-job show` is about.
SELECT iou.*, objects.* EXCLUDE (dataset, image, axis, slice, task, truth)
FROM iou
INNER JOIN objects USING (dataset, image, axis, slice, task)
