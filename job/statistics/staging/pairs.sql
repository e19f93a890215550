-- One row per object x run x step of the compared model whose object the run of the baseline saw as well.
-- model_iou, baseline_iou: 0 to 1. difference: model_iou minus baseline_iou.
WITH

models AS (
    SELECT scores.*, baseline_runs.baseline_run
    FROM scores
    INNER JOIN baseline_runs USING (run)
),

baselines AS (
    SELECT dataset, image, axis, slice, task, run AS baseline_run, step, iou
    FROM scores
),

final AS (
    SELECT
        dataset,
        task,
        models.patient,
        models.run,
        step,
        models.iou AS model_iou,
        baselines.iou AS baseline_iou,
        models.iou - baselines.iou AS difference
    FROM models
    INNER JOIN baselines USING (dataset, image, axis, slice, task, baseline_run, step)
)

SELECT * FROM final
