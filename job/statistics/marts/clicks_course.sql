-- One row per model x protocol x mask_choice x seed x task, and one over tasks (dataset and task null): mean IoU over the
-- clicks, without the box that a protocol begins with. clicks: how many were made; the name of the area under the curve is AUC@clicks in the marts of measures.
-- auc: mean of the means at clicks 1 to the last; auc_low, auc_high: its interval. first_iou, last_iou: mean IoU at the
-- first and the last click; gain: last minus first; gain_low, gain_high: its interval; worse: share of objects whose last
-- IoU is below their first. best_click: the click of the highest mean, the earliest of equals. cluster, clusters: as in
-- task_scores. Null where trajectories had stopped at a target IoU. Over tasks, there is an interval only where every task
-- has one.
WITH

means AS (
    SELECT run_index, measure, step, task_index, cluster, clusters, mean, low, high
    FROM cells
    INNER JOIN rows_over_tasks USING (over_tasks)
    INNER JOIN tasks USING (task_index)
    LEFT JOIN intervals USING (over_tasks, task_index)
    WHERE run_index IS NOT NULL AND stratum = ''
    UNION ALL
    SELECT run_index, measure, step, NULL, cluster, clusters, mean, whole.low, whole.high
    FROM means_over_tasks
    INNER JOIN rows_over_tasks USING (over_tasks)
    LEFT JOIN overall_intervals AS whole ON means_over_tasks.over_tasks = whole.over_tasks AND few_tasks IS NULL
    WHERE run_index IS NOT NULL AND stratum = ''
),

course AS (
    SELECT
        run_index,
        task_index,
        last_step AS clicks,
        any_value(cluster) FILTER (measure = 'iou' AND step = 1) AS cluster,
        any_value(clusters) FILTER (measure = 'iou' AND step = 1) AS clusters,
        any_value(mean) FILTER (measure = 'AUC@' || last_step) AS auc,
        any_value(low) FILTER (measure = 'AUC@' || last_step) AS auc_low,
        any_value(high) FILTER (measure = 'AUC@' || last_step) AS auc_high,
        any_value(mean) FILTER (measure = 'iou' AND step = 1) AS first_iou,
        any_value(mean) FILTER (measure = 'iou' AND step = last_step) AS last_iou,
        any_value(mean) FILTER (measure = 'gain@' || last_step) AS gain,
        any_value(low) FILTER (measure = 'gain@' || last_step) AS gain_low,
        any_value(high) FILTER (measure = 'gain@' || last_step) AS gain_high,
        any_value(mean) FILTER (measure = 'worse@' || last_step) AS worse,
        arg_max(step, (round(mean, 9), -step)) FILTER (measure = 'iou' AND step > 0) AS best_click
    FROM means
    INNER JOIN runs USING (run_index)
    WHERE has_clicks
    GROUP BY ALL
),

final AS (
    SELECT
        run,
        dataset,
        task,
        course.* EXCLUDE (run_index, task_index, best_click),
        CASE WHEN auc IS NOT NULL THEN best_click END AS best_click
    FROM course
    INNER JOIN runs USING (run_index)
    LEFT JOIN tasks USING (task_index)
)

SELECT run.* EXCLUDE (prompt), * EXCLUDE (run) FROM final
ORDER BY run, dataset NULLS FIRST, task
