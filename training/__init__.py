"""Training of the demo weights: `make train-demo`, then `make ship-demo`; see docs/training.md. Not in the wheel."""
