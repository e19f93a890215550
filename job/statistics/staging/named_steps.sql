-- One row per run x step at which differences are tested: each mode, and the clicks of `statistics.test_at`.
SELECT DISTINCT run_index, scores.step
FROM scores
INNER JOIN runs USING (run_index)
INNER JOIN test_at ON NOT has_clicks OR scores.step = named_step(test_at.step, runs)
