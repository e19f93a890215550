"""A model with scripted predictions, and samples drawn by hand, so that every episode can be computed by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from job.datasets.sample import Sample, TaskObject
from job.evaluate import Conditions, encode, evaluate
from job.models.protocol import Capabilities, EncodedImage, Prediction
from job.prompts.blocks import PromptBlock
from job.study.prompts import ClickSettings

POOL = ThreadPoolExecutor(2)


class ScriptedModel:
    """Returns the same masks for every request: `candidates` with multimask, else `single`.

    candidates: bool (C, H, W). scores: their predicted IoU, None for a model without one. `requests` records requests
    and `encoded` the number of images.
    """

    encode_batch = 4

    def __init__(self, candidates=(), single=None, scores=(0.1, 0.2, 0.3), mask_input="optional"):
        self.capabilities = Capabilities(
            points=True, boxes=True, multimask=bool(len(candidates)), mask_input=mask_input
        )
        self.candidates, self.single, self.scores = candidates, candidates[0] if single is None else single, scores
        self.requests, self.encoded = [], 0

    def prepare(self, image_HWC):
        return image_HWC

    def encode(self, images):
        self.encoded += len(images)
        return [EncodedImage(height=image.shape[0], width=image.shape[1], features=None) for image in images]

    def predict(self, requests):
        self.requests.extend(requests)
        return [self.prediction(request) for request in requests]

    def prediction(self, request):
        masks = self.candidates if request.multimask else [self.single]
        scores = None if self.scores is None else torch.tensor(self.scores[: len(masks)], dtype=torch.float64)
        mask_inputs = [f"logits of candidate {index}" for index in range(len(masks))]
        return Prediction(
            masks_CHW=torch.from_numpy(np.stack(masks)), predicted_iou_C=scores, mask_inputs_C=mask_inputs
        )


def mask(*rows):
    """Draw a mask: `mask("##.", "...")`."""
    return np.array([[pixel == "#" for pixel in row] for row in rows])


def sample(*truths, labelled=None, image="a.png"):
    """Make a sample whose objects are the given masks, tasks named task0, task1, …"""
    height, width = truths[0].shape
    return Sample(
        dataset="A",
        modality="CT",
        image=image,
        axis="none",
        slice=0,
        volume=image,
        patient=image,
        spacing=None,
        intensity="max/slice",
        image_HWC=np.zeros((height, width, 3), np.uint8),
        objects=tuple(
            TaskObject(task=f"task{index}", truth_HW=truth, labelled_HW=truth if labelled is None else labelled)
            for index, truth in enumerate(truths)
        ),
    )


def modes(*names, choices=("score",)):
    return PromptBlock(protocol="one-shot", prompts=names, mask_choices=choices)


def clicks(protocol, steps, choices=("score",), target=None):
    return PromptBlock(
        protocol=protocol,
        prompts=("clicks",),
        mask_choices=choices,
        first_step=ClickSettings(protocol=protocol).first_step,
        steps=steps,
        target_iou=target,
    )


def run(model, samples, block, *, seed=0, batch=4):
    """Evaluate a prompt block on samples; return the outcomes."""
    encoded = encode(model, samples, [model.prepare(sample.image_HWC) for sample in samples])
    return list(evaluate(model, encoded, block, Conditions(seed=seed, batch=batch), POOL))
