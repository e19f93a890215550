-- One row per model x prompt x protocol x mask_choice x step x data set x patient: sums over its objects that a rank
-- correlation of object size and IoU is made of. Only the first and the last step of a run.
-- r, s: average ranks (1 to n) of object_share and of IoU over all objects of the run and step.
WITH

ends AS (
    SELECT
        *,
        max(step) OVER (PARTITION BY model, prompt, protocol, mask_choice) AS last_step
    FROM scores
),

ranked AS (
    SELECT
        model,
        prompt,
        protocol,
        mask_choice,
        step,
        dataset,
        patient,
        rank() OVER by_share + (count(*) OVER same_share - 1) / 2 AS r,
        rank() OVER by_iou + (count(*) OVER same_iou - 1) / 2 AS s
    FROM ends
    WHERE step IN (1, last_step)
    WINDOW
        by_share AS (PARTITION BY model, prompt, protocol, mask_choice, step ORDER BY object_share),
        same_share AS (PARTITION BY model, prompt, protocol, mask_choice, step, object_share),
        by_iou AS (PARTITION BY model, prompt, protocol, mask_choice, step ORDER BY iou),
        same_iou AS (PARTITION BY model, prompt, protocol, mask_choice, step, iou)
),

final AS (
    SELECT
        dense_rank() OVER (ORDER BY model, prompt, protocol, mask_choice, step) - 1 AS run,
        model,
        prompt,
        protocol,
        mask_choice,
        step,
        dataset,
        any_value(patient_index) AS patient_index,
        CAST(count(*) AS DOUBLE) AS n,
        sum(r) AS sum_r,
        sum(s) AS sum_s,
        sum(r * r) AS sum_rr,
        sum(s * s) AS sum_ss,
        sum(r * s) AS sum_rs
    FROM ranked
    INNER JOIN patients USING (dataset, patient)
    GROUP BY model, prompt, protocol, mask_choice, step, dataset, patient
)

SELECT * FROM final
ORDER BY run, dataset, patient_index
