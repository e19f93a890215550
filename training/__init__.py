"""How the demo weights were made: `make train-demo`, then `make ship-demo`. Outside the wheel."""
