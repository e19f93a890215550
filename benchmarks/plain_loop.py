"""The loop that a user would write: one image, one prompt, one click at a time, in float32, masks copied to numpy.

SAM runs by its authors' `SamPredictor`, which encodes an image once for each experiment. RITM runs as its authors'
predictor does, for one object; network and framing are this project's, of which the numbers are the official ones. The
loop is a reference: what makes the job fast must not reach it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from segment_anything import SamPredictor, sam_model_registry

from benchmarks.plain_prompts import Mask, Point, calls, chosen, iou, next_click
from benchmarks.subjects import CLICKS, MODES, SEED, Subject
from job.models.known_weights import lite_medsam_checkpoint
from job.prompts.draw import Draw
from job.storage import local_path

Predict = Callable[[list[Point], list[int] | None], Mask]
"""Takes points and box; returns the candidate masks, bool (C, H, W)."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A mask, as the job stores one."""

    image: str
    task: str
    prompt: str
    mask_choice: str
    step: int
    points: tuple[Point, ...]
    iou: float
    mask_HW: Mask

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """What both sides of a comparison call the row."""
        return self.image, self.task, self.prompt, self.mask_choice, self.step


def run(subject: Subject, data: Path, tasks: dict[str, int], device: torch.device) -> Iterator[Row]:
    """Run one experiment after the other, and in it one image after the other."""
    model = build(subject, device)
    yield from evaluate(model, subject, data, tasks)


def build(subject: Subject, device: torch.device) -> Any:
    """Load a model, as its authors' predictor."""
    if subject.family == "ritm":
        from benchmarks.plain_ritm import RitmPredictor

        return RitmPredictor(subject.model["checkpoint"], subject.model["arch"], device)
    if subject.family == "sam":
        arch, checkpoint = subject.model["arch"], subject.model["checkpoint"]
        return SamPredictor(sam_model_registry[arch](checkpoint=checkpoint).to(device).eval())
    return LitePredictor(device)


def evaluate(predictor: Any, subject: Subject, data: Path, tasks: dict[str, int]) -> Iterator[Row]:
    """Evaluate every object of every image, once for each experiment."""
    for kind, choice in subject.experiments:
        for path in sorted((data / "images").iterdir()):
            image_HWC, labels_HW = read(path), np.array(Image.open(data / "masks" / path.name))
            predictor.set_image(image_HWC)
            for task, label in tasks.items():
                draw = Draw(seed=SEED, image=path.name, slice=0, task=task)
                truth_HW = labels_HW == label
                if kind == "modes":
                    yield from one_shot(predictor, truth_HW, choice, draw)
                else:
                    labelled_HW = np.isin(labels_HW, list(tasks.values()))
                    yield from clicks(predictor, truth_HW, labelled_HW, choice, draw)


def read(path: Path) -> NDArray[np.uint8]:
    """Read an image as the published scripts do: divided by its maximum, times 255, truncated; RGB."""
    image = np.array(Image.open(path).convert("RGB"))
    return np.asarray((np.clip(image / image.max(), 0, 1) * 255).astype(np.uint8))


def one_shot(predictor: Any, truth_HW: Mask, choice: str, draw: Draw) -> Iterator[Row]:
    """Prompt an object by each mode; the masks of several boxes are joined by OR, candidate by candidate."""
    for mode in MODES:
        answers, points = [], []
        for mode_points, box in calls(mode, truth_HW, draw):
            answers.append(predict(predictor, mode_points, box))
            points += mode_points
        joined_CHW = np.logical_or.reduce(answers)
        yield row(chosen(joined_CHW, truth_HW, choice), truth_HW, draw, mode, choice, 1, points)


def clicks(predictor: Any, truth_HW: Mask, labelled_HW: Mask, choice: str, draw: Draw) -> Iterator[Row]:
    """Click on an object; all clicks so far are given to the model."""
    mask_HW, points = np.zeros_like(truth_HW), []
    getattr(predictor, "reset", lambda: None)()
    for step in range(1, CLICKS + 1):
        click = next_click(truth_HW, mask_HW, labelled_HW, draw, step)
        if click is not None:
            points.append(click)
            mask_HW = chosen(predict(predictor, points, None), truth_HW, choice)
        yield row(mask_HW, truth_HW, draw, "clicks", choice, step, points)


def row(mask_HW: Mask, truth_HW: Mask, draw: Draw, prompt: str, choice: str, step: int, points: list[Point]) -> Row:
    """Score a mask."""
    return Row(
        image=draw.image,
        task=draw.task,
        prompt=prompt,
        mask_choice=choice,
        step=step,
        points=tuple(points),
        iou=iou(mask_HW, truth_HW),
        mask_HW=mask_HW,
    )


def predict(predictor: Any, points: list[Point], box: list[int] | None) -> Mask:
    """Run a predictor and return its masks, bool (C, H, W)."""
    masks_CHW, _, _ = predictor.predict(
        point_coords=np.array([point[:2] for point in points]) if points else None,
        point_labels=np.array([int(point[2]) for point in points]) if points else None,
        box=None if box is None else np.array(box),
        multimask_output=True,
    )
    return np.asarray(masks_CHW)


class LitePredictor(SamPredictor):
    """LiteMedSAM with clicks behind the interface of SAM's predictor; images are prepared as LiteMedSAM's authors do."""

    def __init__(self, device: torch.device) -> None:
        from job.models.families.lite_medsam_clicks import LiteMedSamClicks
        from job.models.lite_medsam_clicks import load_lite_medsam_clicks

        checkpoint = local_path(LiteMedSamClicks.model_fields["checkpoint"].default)
        assert checkpoint is not None  # noqa: S101
        network = load_lite_medsam_clicks(checkpoint, lite_medsam_checkpoint()).to(device).eval()
        network.image_encoder.img_size, network.image_format = 256, "RGB"
        network.device, network.mask_threshold = device, 0.0
        super().__init__(network)

    @torch.no_grad()
    def set_image(self, image: NDArray[np.uint8], image_format: str = "RGB") -> None:
        """Encode an image: longest side to 256 by area averaging, its own range to [0, 1], zeros right and below."""
        self.reset_image()
        self.original_size = image.shape[:2]
        self.input_size = self.transform.get_preprocess_shape(*self.original_size, 256)
        resized = cv2.resize(image, self.input_size[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
        scaled = (resized - resized.min()) / np.clip(resized.max() - resized.min(), 1e-8, None)
        padded = np.zeros((256, 256, 3), np.float32)
        padded[: self.input_size[0], : self.input_size[1]] = scaled
        self.features = self.model.image_encoder(torch.tensor(padded).permute(2, 0, 1)[None].to(self.device))
        self.is_image_set = True
