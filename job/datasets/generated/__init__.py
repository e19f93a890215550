"""Images and label maps that are generated: a study needs no file, and no medical image trains the demo weights.

After the synthetic tasks of SynthSeg (Billot et al. 2023) and ScribblePrompt (Wong et al. 2024): random structures,
random intensities for each region, then what scanners do to them. `fields` (smooth noise), `shapes` (one structure),
`anatomy` (a label map), `appearance` (its image). Pure: numpy, OpenCV, nothing else.
"""

from job.datasets.generated.generate import LABELS, SIDE, VERSION, generate

__all__ = ["LABELS", "SIDE", "VERSION", "generate"]
