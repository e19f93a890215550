"""RITM: reviving iterative training with mask guidance for interactive segmentation (Sofiiuk et al. 2021).

From the bottom up: `architecture` (widths and options of a network), `hrnet`, `ocr`, `click_maps` and `network` (its
parts), `zoom` (the choice of the roi), `framing` (between image and network input), `model` (the authors' predictor),
`load` (builds a model from a checkpoint).
"""
