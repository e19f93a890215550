-- One row per pair: both sides of it as columns. baseline_*: the second side, which is subtracted from the first.
SELECT
    pair_index,
    series_index,
    contrast,
    kind,
    ours.run,
    of_step AS step,
    theirs.model AS baseline,
    theirs.prompt AS baseline_prompt,
    theirs.protocol AS baseline_protocol,
    theirs.mask_choice AS baseline_choice,
    theirs.seed AS baseline_seed,
    minus_step AS baseline_step
FROM pairs
INNER JOIN runs AS ours ON pairs.of_run = ours.run_index
INNER JOIN runs AS theirs ON pairs.minus_run = theirs.run_index
