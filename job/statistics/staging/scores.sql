-- One row per object x model x prompt x protocol x mask_choice x step: a score with what describes its object.
-- iou, dice: 0 to 1. object_share: object pixels over image pixels, 0 to 1.
WITH

final AS (
    SELECT
        iou.*,
        objects.modality,
        objects.patient,
        objects.parts,
        objects.object_px / objects.image_px AS object_share
    FROM iou
    LEFT JOIN objects USING (dataset, image, axis, slice, task)
)

SELECT * FROM final
