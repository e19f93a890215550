-- One row per group of three or more models that can be ranked x model: the row over tasks of its IoU.
-- group_index: number of the prompt, protocol, seed, mask choice and named step. A model that lacks the mask choice takes
-- part with its `single`; one that had stopped at a target IoU does not.
WITH

wanted AS (
    SELECT DISTINCT prompt, protocol, seed, mask_choice FROM runs
),

members AS (
    SELECT wanted.prompt, wanted.protocol, wanted.seed, wanted.mask_choice, named_steps.step, runs.model, runs.run_index, over_tasks
    FROM wanted
    INNER JOIN runs
        ON
            wanted.prompt = runs.prompt
            AND wanted.protocol = runs.protocol
            AND wanted.seed = runs.seed
            AND stands_for(runs, wanted.mask_choice)
    INNER JOIN named_steps USING (run_index)
    INNER JOIN rows_over_tasks
        ON
            runs.run_index = rows_over_tasks.run_index
            AND named_steps.step = rows_over_tasks.step
            AND rows_over_tasks.measure = 'iou'
            AND rows_over_tasks.stratum = ''
    ANTI JOIN stopped_steps ON runs.run_index = stopped_steps.run_index AND named_steps.step = stopped_steps.step
),

enough AS (
    SELECT *
    FROM members
    QUALIFY count(*) OVER (PARTITION BY prompt, protocol, seed, mask_choice, step) >= 3
),

final AS (
    SELECT dense_rank() OVER (ORDER BY prompt, protocol, seed, mask_choice, step) - 1 AS group_index, *
    FROM enough
)

SELECT * FROM final
ORDER BY group_index, over_tasks
