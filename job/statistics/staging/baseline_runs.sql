-- One row per run of the compared model: the run of the baseline beside it, of the same protocol, prompt and seed. Its
-- mask choice is the same or, where the baseline has no such run, `single`. A run without a counterpart has no row.
WITH

runs AS (
    SELECT DISTINCT run FROM scores
),

candidates AS (
    SELECT ours.run, theirs.run AS baseline_run
    FROM comparison
    INNER JOIN runs AS ours ON comparison.model = ours.run.model
    INNER JOIN runs AS theirs
        ON
            comparison.baseline = theirs.run.model
            AND ours.run.protocol = theirs.run.protocol
            AND ours.run.prompt = theirs.run.prompt
            AND ours.run.seed = theirs.run.seed
            AND theirs.run.mask_choice IN (ours.run.mask_choice, 'single')
),

final AS (
    SELECT * FROM candidates
    QUALIFY row_number() OVER (PARTITION BY run ORDER BY baseline_run.mask_choice = run.mask_choice DESC) = 1
)

SELECT * FROM final
