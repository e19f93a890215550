-- A row here is the key of an object that `objects` holds more than once.
SELECT dataset, image, axis, slice, task, count(*) AS rows
FROM objects
GROUP BY ALL
HAVING count(*) > 1
