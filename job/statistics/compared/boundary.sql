-- The metrics of the masks of both outputs. Those of objects that are not paired are not used.
SELECT * FROM before_boundary
UNION ALL
SELECT * FROM after_boundary
