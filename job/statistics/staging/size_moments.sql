-- One row per run x step x patient, at the first and the last step of a run: sums over the patient's objects from which
-- a rank correlation of object size and IoU is computed.
-- r, s: average ranks of object_share and of IoU, from 1, over all objects of the run and step.
-- ranking: number of the run and step, from 0 in their order. Patients are numbered as in `patients`.
WITH

ends AS (
    SELECT * FROM scores
    QUALIFY step IN (1, max(step) OVER (PARTITION BY run))
),

ranked AS (
    SELECT
        run,
        step,
        dataset,
        patient,
        average_rank(object_share, (run, step)) AS r,
        average_rank(iou, (run, step)) AS s
    FROM ends
),

final AS (
    SELECT
        dense_rank() OVER (ORDER BY run, step) - 1 AS ranking,
        run,
        step,
        dataset_index,
        patient_index,
        count(*) AS n,
        sum(r) AS sum_r,
        sum(s) AS sum_s,
        sum(r * r) AS sum_rr,
        sum(s * s) AS sum_ss,
        sum(r * s) AS sum_rs
    FROM ranked
    INNER JOIN patients USING (dataset, patient)
    GROUP BY run, step, dataset_index, patient_index
)

SELECT * FROM final
ORDER BY ranking, dataset_index, patient_index
