-- The scores of both outputs, but for those of objects that are not paired. One of an object that neither has stays, for the
-- checks.
SELECT *
FROM (SELECT * FROM before_iou UNION ALL SELECT * FROM after_iou)
ANTI JOIN (SELECT * FROM pairing WHERE state <> 'paired') USING (dataset, image, axis, slice, task)
