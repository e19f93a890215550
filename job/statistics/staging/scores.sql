-- One row per object x run x step: a score with the attributes of its object.
-- iou, dice: 0 to 1. object_share: object pixels over image pixels, 0 to 1. components: number of 8-connected components.
-- patient: what clusters the statistics; where the spec names no patient, each image or volume is its own.
WITH

final AS (
    SELECT
        score.dataset,
        score.image,
        score.axis,
        score.slice,
        score.task,
        run_of(score) AS run,
        score.step,
        score.iou,
        score.dice,
        objects.patient,
        objects.components,
        objects.object_px / objects.image_px AS object_share
    FROM iou AS score
    INNER JOIN objects USING (dataset, image, axis, slice, task)
)

SELECT * FROM final
