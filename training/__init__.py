"""How the demo weights were made: `make train-demo`. Outside the wheel; see the two scripts `*_demo.py`."""
