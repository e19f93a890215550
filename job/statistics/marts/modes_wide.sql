-- The published table of modes: one row per model x mask_choice x mode, one column per task, mean IoU.
SELECT * FROM (
    PIVOT (
        SELECT model, mask_choice, prompt, dataset || ': ' || task AS task, mean_iou
        FROM task_scores
        WHERE protocol = 'one-shot'
    )
    ON task
    USING first(mean_iou)
    GROUP BY model, mask_choice, prompt
)
ORDER BY model, mask_choice, prompt
