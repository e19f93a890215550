-- Macros that checks, staging and marts share; created on the connection before them.

-- run_of: the run of a row `t` of a table with these columns: model x protocol x mask_choice x prompt x seed. One STRUCT,
-- so that GROUP BY, PARTITION BY and USING name one column; `run.*` writes it as flat columns.
CREATE MACRO run_of(t) AS struct_pack(
    model := t.model,
    protocol := t.protocol,
    mask_choice := t.mask_choice,
    prompt := t.prompt,
    seed := t.seed
);

-- seed_of: the seed under which a row of a measure is shown: null for a measure of all seeds together.
CREATE MACRO seed_of(seed, measure) AS CASE
    WHEN measure NOT IN ('seed-sd', 'seed-range', 'worst-seed-iou') THEN seed
END;

-- exact: x to 12 decimals. Sums of decimals do not depend on the order of rows.
CREATE MACRO exact(x) AS CAST(x AS DECIMAL(38, 12));
CREATE MACRO exact_mean(x) AS CAST(sum(exact(x)) AS DOUBLE) / count(x);

-- average_rank: the rank of x within its partition, from 1; equal values share the mean of their ranks.
CREATE MACRO average_rank(x, partition) AS
    rank() OVER (PARTITION BY partition ORDER BY x) + (count(*) OVER (PARTITION BY partition, x) - 1) / 2;

-- stands_for: whether a run is the one for a wanted mask choice: that choice, or `single` where its model lacks it.
CREATE MACRO stands_for(run, wanted) AS
    run.mask_choice = wanted OR (run.mask_choice = 'single' AND NOT list_contains(run.choices, wanted));

-- named_step: the step of a run that `first`, `last` (click), `prompt` (the first, a click or a box) or a number in text
-- means.
CREATE MACRO named_step(step, run) AS
    CASE step
        WHEN 'first' THEN 1
        WHEN 'last' THEN run.last_step
        WHEN 'prompt' THEN run.first_step
        ELSE CAST(step AS INTEGER)
    END;

-- fewest_clusters: fewer clusters have no interval, as in resampling.py.
CREATE MACRO fewest_clusters() AS 5;

-- percent: an IoU level as the names of measures write it, such as 90 or 92.5.
CREATE MACRO percent(level) AS printf('%g', level * 100);

-- total: the sum of a list. trapezoid: its mean by the trapezoidal rule over unit steps; of one value, itself.
CREATE MACRO total(list) AS CAST(list_sum(list_transform(list, lambda x: exact(x))) AS DOUBLE);
CREATE MACRO trapezoid(list) AS
    CASE WHEN len(list) > 1 THEN (total(list) - (list[1] + list[-1]) / 2) / (len(list) - 1) ELSE list[1] END;

-- first_click: the first click at which an IoU of a trajectory reaches a level: 0 if its box did, null if none does. IoU and
-- level are compared as doubles: a FLOAT 0.9 is below 0.9.
CREATE MACRO first_click(box_iou, ious, level) AS
    CASE
        WHEN box_iou >= level THEN 0
        ELSE nullif(list_position(list_transform(ious, lambda iou: iou >= level), TRUE), 0)
    END;
