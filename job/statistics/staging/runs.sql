-- One row per run, numbered from 0. first_step: 1, or 0 for clicks that begin with a box. last_step: its last click, 1 for a
-- mode. choices: all mask choices of its model with this prompt, protocol and seed.
WITH

found AS (
    SELECT model, prompt, protocol, mask_choice, seed, min(step) AS first_step, max(step) AS last_step
    FROM iou
    GROUP BY ALL
),

final AS (
    SELECT
        row_number() OVER (ORDER BY model, prompt, protocol, mask_choice, seed) - 1 AS run_index,
        run_of(found) AS run,
        model,
        prompt,
        protocol,
        mask_choice,
        seed,
        protocol <> 'one-shot' AS has_clicks,
        first_step,
        last_step,
        list(mask_choice) OVER (PARTITION BY model, prompt, protocol, seed) AS choices
    FROM found
)

SELECT * FROM final
ORDER BY run_index
