-- One row per task: the objects that were evaluated. images: slices or 2D images that hold one. clusters: how many of what
-- `cluster` names the bootstrap draws. several_components: share of objects of several components, 0 to 1. median_share:
-- median of object pixels over image pixels.
SELECT
    dataset,
    task,
    any_value(tasks.modality) AS modality,
    count(*) AS objects,
    count(DISTINCT (image, axis, slice)) AS images,
    any_value(tasks.cluster) AS cluster,
    count(DISTINCT cluster_index) AS clusters,
    count(*) FILTER (components > 1) / count(*) AS several_components,
    quantile_cont(object_share, 0.5) AS median_share
FROM numbered_objects
INNER JOIN tasks USING (dataset, task, task_index)
GROUP BY dataset, task
ORDER BY dataset, task
