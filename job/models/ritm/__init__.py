"""RITM: reviving iterative training with mask guidance for interactive segmentation (Sofiiuk et al. 2021).

Bottom up: `architecture` (which network), `hrnet`, `ocr`, `click_maps`, `network` (its parts), `zoom` (where it looks),
`framing` (what it is shown there), `model` (the authors' predictor), `load` (a checkpoint becomes a model).
"""
