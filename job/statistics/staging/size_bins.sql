-- One row per bin of object size: object pixels over image pixels, from (inclusive) and below (exclusive). The last bin
-- holds 1.
SELECT
    'size from ' || share_from AS stratum,
    CAST(share_from AS DOUBLE) AS share_from,
    CAST(share_below AS DOUBLE) AS share_below
FROM (
    VALUES (0.0, 0.001), (0.001, 0.005), (0.005, 0.01), (0.01, 0.05), (0.05, 0.2), (0.2, 1.1)
) AS bins (share_from, share_below)
