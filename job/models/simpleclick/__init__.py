"""SimpleClick: interactive image segmentation with simple vision transformers (Liu et al. 2023, ICCV).

From the bottom up: `architecture` (sizes of a network), `vit`, `neck`, `head` and `network` (its parts), `zoom` (its
zoom-in), `model` (the predictor, shared with RITM in `click_based`), `load` (builds a model from a checkpoint).
"""
