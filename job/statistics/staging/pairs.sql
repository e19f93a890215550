-- One row per contrast x run x step of its first side, beside the run and step of its second: `of` minus `minus`.
-- pair_index: from 0. kind: as in the relation `contrasts`; pairs of all models have the named steps alone. series_index:
-- numbers the pairs that differ by the click alone; null for modes, for the box that clicks begin with, for pairs of all
-- models, and for contrasts that name a step. tested: at a named step, or at the step that the contrast names.
-- What one side of a contrast leaves out is as on the other; what both leave out is equal. A mode beside clicks has no
-- protocol and no step of its own; of two modes, each is its first step. A model that lacks the wanted mask choice, on
-- either side, is taken with its `single`, if it has one; but there is no regret without both choices.
WITH

steps AS (
    SELECT run_index, step, runs.* EXCLUDE (run_index, run), named_steps.step IS NOT NULL AS named
    FROM (SELECT DISTINCT run_index, step FROM scores)
    INNER JOIN runs USING (run_index)
    LEFT JOIN named_steps USING (run_index, step)
),

candidates AS (
    SELECT
        contrasts.contrast_index,
        contrasts.contrast,
        contrasts.kind,
        contrasts.has_steps,
        ours.run_index AS of_run,
        ours.step AS of_step,
        theirs.run_index AS minus_run,
        theirs.step AS minus_step,
        ours.has_clicks AND theirs.has_clicks AND NOT contrasts.has_steps
            AND contrasts.kind <> 'pair' AND ours.step > 0 AS in_series,
        (ours.named AND theirs.named) OR contrasts.has_steps AS tested
    FROM contrasts
    INNER JOIN steps AS ours
        ON
            (contrasts.of_model IS NULL OR contrasts.of_model = ours.model)
            AND (contrasts.of_prompt IS NULL OR contrasts.of_prompt = ours.prompt)
            AND (contrasts.of_protocol IS NULL OR contrasts.of_protocol = ours.protocol OR NOT ours.has_clicks)
            AND (contrasts.of_seed IS NULL OR contrasts.of_seed = ours.seed)
            AND (contrasts.of_mask_choice IS NULL OR stands_for(ours, contrasts.of_mask_choice))
            AND (
                contrasts.of_step IS NULL
                OR NOT ours.has_clicks
                OR ours.step = named_step(contrasts.of_step, ours)
            )
    INNER JOIN steps AS theirs
        ON
            coalesce(contrasts.minus_model, ours.model) = theirs.model
            AND coalesce(contrasts.minus_prompt, ours.prompt) = theirs.prompt
            AND coalesce(contrasts.minus_seed, ours.seed) = theirs.seed
            AND (
                NOT theirs.has_clicks
                OR theirs.protocol = coalesce(
                    contrasts.minus_protocol, CASE WHEN ours.has_clicks THEN ours.protocol END, theirs.protocol
                )
            )
            AND (
                stands_for(theirs, coalesce(contrasts.minus_mask_choice, ours.mask_choice))
                OR (contrasts.minus_mask_choice IS NULL AND stands_for(ours, theirs.mask_choice))
            )
            AND (
                NOT theirs.has_clicks
                OR theirs.step = coalesce(
                    named_step(contrasts.minus_step, theirs), CASE WHEN ours.has_clicks THEN ours.step END, theirs.step
                )
            )
    WHERE
        (ours.run_index, ours.step) <> (theirs.run_index, theirs.step)
        AND (contrasts.kind <> 'regret' OR 'single' NOT IN (ours.mask_choice, theirs.mask_choice))
        AND (
            ours.has_clicks
            OR theirs.has_clicks
            OR (
                contrasts.of_protocol IS NULL
                AND coalesce(named_step(contrasts.of_step, ours), 1) = 1
                AND coalesce(named_step(contrasts.minus_step, theirs), 1) = 1
            )
        )
),

final AS (
    SELECT
        row_number() OVER (ORDER BY contrast_index, of_run, minus_run, of_step, minus_step) - 1 AS pair_index,
        CASE WHEN in_series THEN dense_rank() OVER (ORDER BY in_series DESC, contrast_index, of_run, minus_run) - 1 END
            AS series_index,
        contrast,
        kind,
        of_run,
        of_step,
        minus_run,
        minus_step,
        tested
    FROM candidates
    WHERE tested OR kind <> 'pair'
)

SELECT * FROM final
ORDER BY pair_index
