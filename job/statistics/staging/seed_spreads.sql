-- One row per object x way of asking x step, in a study of several seeds: how an object's IoU spreads over the seeds, 0 to 1.
-- run_index: the run of the first seed, which stands for all. sd: sample standard deviation. Objects that lack a seed, and
-- steps at which a trajectory of any seed had stopped, have no row.
WITH

repeated AS (
    SELECT
        run_index,
        min(run_index) OVER way AS first_run,
        count(*) OVER way AS seeds
    FROM runs
    WINDOW way AS (PARTITION BY model, prompt, protocol, mask_choice)
),

stopped AS (
    SELECT DISTINCT task_index, first_run, step
    FROM stopped_steps
    INNER JOIN repeated USING (run_index)
),

final AS (
    SELECT
        object,
        task_index,
        cluster_index,
        first_run,
        step,
        stddev_samp(iou ORDER BY run_index) AS sd,
        max(iou) - min(iou) AS spread,
        min(iou) AS lowest
    FROM scores
    INNER JOIN repeated USING (run_index)
    ANTI JOIN stopped USING (task_index, first_run, step)
    WHERE seeds > 1
    GROUP BY object, task_index, cluster_index, first_run, step, seeds
    HAVING count(*) = seeds
)

SELECT * EXCLUDE (first_run), first_run AS run_index FROM final
