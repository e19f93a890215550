"""Generated images and label maps, for studies without files and for training the demo weights.

Follows the synthetic tasks of SynthSeg (Billot et al. 2023) and ScribblePrompt (Wong et al. 2024): random structures,
random intensities for each region, then the effects of a scanner. `fields` draws smooth noise, `shapes` one structure,
`anatomy` a label map, `appearance` its image. Pure: imports only numpy and OpenCV.
"""

VERSION = 1
"""Increased whenever the same arguments give other pixels. Part of the content key."""
SIDE = 256
"""Height and width, px."""
