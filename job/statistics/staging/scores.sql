-- One row per object x model x prompt x protocol x mask_choice x step: a score with what describes its object.
-- iou, dice: 0 to 1. object_share: object pixels over image pixels, 0 to 1.
-- patient: what clusters the statistics; where the spec states no patient, each image or volume is its own.
WITH

final AS (
    SELECT
        iou.dataset,
        iou.image,
        iou.axis,
        iou.slice,
        iou.task,
        iou.model,
        iou.prompt,
        iou.protocol,
        iou.mask_choice,
        iou.step,
        iou.iou,
        iou.dice,
        objects.modality,
        objects.patient,
        objects.components,
        objects.object_px / objects.image_px AS object_share
    FROM iou
    INNER JOIN objects USING (dataset, image, axis, slice, task)
)

SELECT * FROM final
