"""Click-based interactive segmentation as Sofiiuk et al. 2021 run it: one predictor for several networks.

From the bottom up: `config` and `checkpoint` (an official checkpoint, read as data), `disks`, `normalisation` and
`network` (what a network is given and returns), `roi`, `sampling` and `framing` (between image and network input),
`feedback` (what one click leaves to the next), `zoom` (which part of the image a network sees; each family has its own
rule), `passes` and `batch` (many requests in a pass), `model` (the predictor).
"""
