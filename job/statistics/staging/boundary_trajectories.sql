-- One row per object x run of clicks x metric of the masks, of those that are shares and known at every click. auc_trapezoid:
-- as in trajectories. clicks: the limit, how many were made.
WITH

gathered AS (
    SELECT object, task_index, cluster_index, run_index, metric, last_step AS clicks, list(value ORDER BY step) AS values_by_click
    FROM boundary_values
    INNER JOIN runs USING (run_index)
    WHERE has_clicks AND step > 0 AND unit = 'share'
    GROUP BY ALL
)

SELECT * EXCLUDE (values_by_click), trapezoid(values_by_click) AS auc_trapezoid
FROM gathered
WHERE len(values_by_click) = clicks
