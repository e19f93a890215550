-- The published table of clicks: one row per model x protocol x mask_choice x seed x click (step), one column per task,
-- mean IoU.
SELECT run.* EXCLUDE (prompt), * EXCLUDE (run) FROM (
    PIVOT (
        SELECT run_of(t) AS run, step, dataset || ': ' || task AS task, mean_iou
        FROM task_scores AS t
        WHERE protocol <> 'one-shot'
    )
    ON task
    USING first(mean_iou)
    GROUP BY run, step
)
ORDER BY run, step
