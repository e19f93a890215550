-- A row here is an object that stands in `objects` more than once.
SELECT dataset, image, axis, slice, task, count(*) AS rows
FROM objects
GROUP BY ALL
HAVING count(*) > 1
