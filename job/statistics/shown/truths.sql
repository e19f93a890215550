-- One row per chosen object: its facts and its truth.
SELECT place, objects.*
FROM chosen
INNER JOIN objects USING (dataset, image, axis, slice, task)
ORDER BY place
