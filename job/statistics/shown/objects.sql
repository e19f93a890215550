-- One row per object that a query names, in the order of the query's rows. place: from 1.
SELECT dataset, image, axis, slice, task, row_number() OVER (ORDER BY min(row)) AS place
FROM named
SEMI JOIN objects USING (dataset, image, axis, slice, task)
GROUP BY ALL
ORDER BY place
