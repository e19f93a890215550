-- The published table of clicks: one row per model x protocol x mask_choice x click, one column per task, mean IoU.
SELECT * FROM (
    PIVOT (
        SELECT model, protocol, mask_choice, step, dataset || ': ' || task AS task, mean_iou
        FROM task_scores
        WHERE protocol <> 'one-shot'
    )
    ON task
    USING first(mean_iou)
    GROUP BY model, protocol, mask_choice, step
)
ORDER BY model, protocol, mask_choice, step
