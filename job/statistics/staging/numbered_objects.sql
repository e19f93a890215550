-- One row per object, numbered from 0 in the order of its key, with the numbers of its task and cluster.
-- object_share: object pixels over image pixels, 0 to 1. volume_index: number of its volume; null for a 2D image.
WITH

final AS (
    SELECT
        row_number() OVER (ORDER BY task_index, image, axis, slice) - 1 AS object,
        dataset,
        image,
        axis,
        slice,
        task,
        task_index,
        cluster_index,
        cluster,
        object_px,
        components,
        object_px / image_px AS object_share,
        CASE WHEN axis <> 'none' THEN dense_rank() OVER (ORDER BY dataset, coalesce(volume, image)) END AS volume_index
    FROM objects
    INNER JOIN tasks USING (dataset, task)
    INNER JOIN clusters USING (cohort, patient)
)

SELECT * FROM final
