-- The published table of modes: one row per model x mask_choice x mode x seed, one column per task, mean IoU.
SELECT run.* EXCLUDE (protocol), * EXCLUDE (run) FROM (
    PIVOT (
        SELECT run_of(t) AS run, dataset || ': ' || task AS task, mean_iou
        FROM task_scores AS t
        WHERE protocol = 'one-shot'
    )
    ON task
    USING first(mean_iou)
    GROUP BY run
)
ORDER BY run
