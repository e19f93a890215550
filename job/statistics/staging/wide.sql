-- One row per source x run x step x column of the wide tables: mean IoU of a task, or `mean of tasks`.
-- source: `here` or `published`. The published mean is over the tasks that are here. There is no mean of tasks where
-- trajectories of a task had stopped at a target IoU.
WITH

tasks_here AS (
    SELECT run_index, run, step, 'here' AS source, task_index, mean AS mean_iou
    FROM cells
    INNER JOIN rows_over_tasks USING (over_tasks)
    INNER JOIN runs USING (run_index)
    WHERE measure = 'iou' AND stratum = ''
),

tasks_published AS (
    SELECT
        tasks_here.run_index,
        tasks_here.run,
        tasks_here.step,
        'published' AS source,
        tasks_here.task_index,
        published.mean_iou
    FROM tasks_here
    INNER JOIN tasks USING (task_index)
    INNER JOIN published_datasets USING (dataset)
    INNER JOIN published_models ON published_models.model = tasks_here.run.model
    INNER JOIN published
        ON
            published_models.published = published.model
            AND published_datasets.published_dataset = published.dataset
            AND tasks.task = published.task
            AND tasks_here.run.protocol = published.protocol
            AND tasks_here.run.mask_choice = published.mask_choice
            AND tasks_here.run.prompt = published.prompt
            AND tasks_here.step = published.step
),

by_task AS (
    SELECT * FROM tasks_here
    UNION ALL
    SELECT * FROM tasks_published
)

SELECT run, step, source, task_column, mean_iou
FROM by_task
INNER JOIN task_columns USING (task_index)
UNION ALL
SELECT run, step, source, 'mean of tasks', exact_mean(mean_iou)
FROM by_task
ANTI JOIN stopped_steps USING (run_index, step)
GROUP BY run, step, source
