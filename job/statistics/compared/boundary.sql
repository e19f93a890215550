-- The metrics of the masks of both outputs, but for those of objects that are not paired. One of an object that neither has stays, for the
-- checks.
SELECT *
FROM (SELECT * FROM before_boundary UNION ALL SELECT * FROM after_boundary)
ANTI JOIN (SELECT * FROM pairing WHERE state <> 'paired') USING (dataset, image, axis, slice, task)
