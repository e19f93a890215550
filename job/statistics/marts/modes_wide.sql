-- The published table of modes: one row per model x mask_choice x mode x seed, one column per task, mean IoU, and
-- `mean of tasks`. source: `here`, or `published` for the published row of the same model, prompt and mask choice.
SELECT run.* EXCLUDE (protocol), * EXCLUDE (run) FROM (
    PIVOT (SELECT run, source, task_column, mean_iou FROM wide WHERE run.protocol = 'one-shot')
    ON task_column
    USING first(mean_iou)
    GROUP BY run, source
)
ORDER BY run, source
