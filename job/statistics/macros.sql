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

-- exact_sum, exact_mean: over the rows of a group, x to 12 decimals. Decimal sums do not depend on the order of rows.
CREATE MACRO exact_sum(x) AS CAST(sum(CAST(x AS DECIMAL(38, 12))) AS DOUBLE);
CREATE MACRO exact_mean(x) AS exact_sum(x) / count(*);

-- average_rank: the rank of x within its partition, from 1; equal values share the mean of their ranks.
CREATE MACRO average_rank(x, partition) AS
    rank() OVER (PARTITION BY partition ORDER BY x) + (count(*) OVER (PARTITION BY partition, x) - 1) / 2;
