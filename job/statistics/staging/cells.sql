-- One row per measure x task x run x step: a cell, numbered from 0; the cells of a data set follow each other.
-- overall: the row over tasks that the cell belongs to. dataset_index: as in dataset_patients.
-- The bootstrap multiplies matrices, so the order of the cells decides the last bit of an interval: keep it.
WITH

keys AS (
    SELECT DISTINCT measure, dataset, task, run, step FROM patient_sums
),

final AS (
    SELECT
        row_number() OVER (ORDER BY dataset, measure, task, run.model, run.prompt, run, step) - 1 AS cell,
        overall_cells.overall,
        dataset_patients.dataset_index,
        keys.*
    FROM keys
    INNER JOIN overall_cells USING (measure, run, step)
    INNER JOIN dataset_patients USING (dataset)
)

SELECT * FROM final
ORDER BY cell
