-- The paired objects, as the first output has them: its patients and volumes are the clusters.
SELECT before_objects.*
FROM before_objects
SEMI JOIN (SELECT * FROM pairing WHERE state = 'paired') USING (dataset, image, axis, slice, task)
