-- One row per model x prompt x protocol x mask_choice x (first and last) step: Spearman's rho of object size (share of
-- the image) and IoU over all objects. low, high: bootstrap by cluster, with the ranks of the whole sample.
SELECT * FROM size_rho
ORDER BY model, protocol, mask_choice, prompt, step
