"""How the demo weights were made: `make train-demo`, then `make ship-demo`; see docs/training.md. Outside the wheel."""
