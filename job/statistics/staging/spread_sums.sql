-- One row per task x run (or pair) of the first seed x step x cluster: sums over the cluster's objects of their spread over
-- the seeds; differences are over the objects that both sides have.
SELECT
    task_index,
    run_index,
    NULL AS pair_index,
    step,
    cluster_index,
    count(*) AS objects,
    sum(exact(sd)) AS sd,
    sum(exact(spread)) AS spread,
    sum(exact(lowest)) AS lowest
FROM seed_spreads
GROUP BY ALL
UNION ALL
SELECT
    ours.task_index,
    NULL,
    pair_index,
    of_step,
    ours.cluster_index,
    count(*),
    sum(exact(ours.sd) - exact(theirs.sd)),
    sum(exact(ours.spread) - exact(theirs.spread)),
    sum(exact(ours.lowest) - exact(theirs.lowest))
FROM seed_spreads AS ours
INNER JOIN pairs ON ours.run_index = pairs.of_run AND ours.step = pairs.of_step
INNER JOIN seed_spreads AS theirs
    ON ours.object = theirs.object AND pairs.minus_run = theirs.run_index AND pairs.minus_step = theirs.step
GROUP BY ALL
