-- The published table of clicks: one row per model x protocol x mask_choice x seed x click (step; 0 is the box that a
-- protocol begins with), one column per task, mean IoU, and `mean of tasks`. source: `here`, or `published` for the published
-- row of the same model, protocol, mask choice and click.
SELECT run.* EXCLUDE (prompt), * EXCLUDE (run) FROM (
    PIVOT (SELECT run, step, source, task_column, mean_iou FROM wide WHERE run.protocol <> 'one-shot')
    ON task_column
    USING first(mean_iou)
    GROUP BY run, step, source
)
ORDER BY run, step, source
