-- One row per object x prompt x protocol x mask_choice x step that model and baseline both saw.
-- difference: IoU of the model minus IoU of the baseline. A mask choice of the model is compared with the baseline's
-- same choice or, where the baseline has one mask, with its `single`.
WITH

models AS (
    SELECT scores.* FROM scores
    INNER JOIN comparison ON scores.model = comparison.model
),

baselines AS (
    SELECT scores.* FROM scores
    INNER JOIN comparison ON scores.model = comparison.baseline
),

-- Choices of the baseline beside those of the model, the same choice first.
matched AS (
    SELECT
        models.dataset,
        models.image,
        models.axis,
        models.slice,
        models.task,
        models.patient,
        models.model,
        baselines.model AS baseline,
        models.prompt,
        models.protocol,
        models.mask_choice,
        baselines.mask_choice AS baseline_choice,
        models.step,
        models.iou AS model_iou,
        baselines.iou AS baseline_iou,
        models.iou - baselines.iou AS difference
    FROM models
    INNER JOIN baselines
        ON
            models.dataset = baselines.dataset
            AND models.image = baselines.image
            AND models.axis = baselines.axis
            AND models.slice = baselines.slice
            AND models.task = baselines.task
            AND models.prompt = baselines.prompt
            AND models.protocol = baselines.protocol
            AND models.step = baselines.step
            AND baselines.mask_choice IN (models.mask_choice, 'single')
),

final AS (
    SELECT * FROM matched
    QUALIFY row_number() OVER (
        PARTITION BY dataset, image, axis, slice, task, prompt, protocol, mask_choice, step
        ORDER BY baseline_choice = mask_choice DESC
    ) = 1
)

SELECT * FROM final
