"""Measure RITM's clicks per second: a plain loop, one object and one click at a time, against the job's batches.

    OMP_WAIT_POLICY=passive python benchmarks/ritm_clicks.py [--device cpu] [--arch hrnet18s] [--precision fp32]
        [--objects 4] [--clicks 9] [--side 256] [--rounds 1]

Both take the same clicks, in turns. The plain loop has the network in its authors' form (batch norms, channels first,
autocast below float32) and waits for each mask. Objects are ellipses of many sizes and shapes, one an image, so that
zoomed crops differ in size as in a study. HRNet18s has the shipped weights. The others have random weights: their
output is computed, squashed and added to the ellipse that the image shows, since the crops follow from the masks.

CPU seconds are a fair measure on a busy machine, but only with OMP_WAIT_POLICY=passive: threads that spin while they
wait would be counted too.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import interpolate

from job.models.click_based.feedback import ZOOM_THRESHOLD
from job.models.click_based.framing import RowColumnClicks, mirrored, padded
from job.models.click_based.model import MASK_THRESHOLD, ClickBasedModel
from job.models.click_based.roi import Roi, kept_roi, object_roi
from job.models.demo_weights import FOLDER
from job.models.device import Device, configure, describe, resolve_device
from job.models.protocol import Request
from job.models.ritm.architecture import ARCHITECTURES
from job.models.ritm.folded import folded
from job.models.ritm.model import ritm_model
from job.models.ritm.network import RitmNetwork
from job.models.ritm.ocr import Logits
from job.models.ritm.zoom import network_size

MEMORY_FORMATS = {"last": torch.channels_last, "first": torch.contiguous_format}
AT_ONCE = {"auto": None, "yes": True, "no": False}


@dataclass(frozen=True, kw_only=True)
class Target:
    """An image that shows an ellipse, and the clicks on it, (x, y) with labels."""

    image_HWC: NDArray[np.uint8]
    points_N2: NDArray[np.int32]
    labels_N: NDArray[np.int32]


def targets(count: int, clicks: int, side: int) -> Iterator[Target]:
    """Draw objects: the first click is in the centre, then every third one is negative, beside the object."""
    rng = np.random.default_rng(20)
    rows, columns = np.mgrid[:side, :side]
    for _ in range(count):
        radii = rng.uniform(side / 25, side / 3, 2)
        centre = rng.uniform(side / 3, 2 * side / 3, 2)
        inside = ((rows - centre[0]) / radii[0]) ** 2 + ((columns - centre[1]) / radii[1]) ** 2 <= 1
        grey = np.where(inside, 170, 80)[..., None] + rng.normal(0, 12, (side, side, 1))
        labels = np.array([n % 3 != 2 for n in range(clicks)], np.int32)
        angles, reach = rng.uniform(0, 2 * np.pi, clicks), np.where(labels, rng.uniform(0.2, 0.9, clicks), 1.3)
        reach[0] = 0
        offsets = np.stack([np.cos(angles) * radii[1], np.sin(angles) * radii[0]], axis=1) * reach[:, None]
        points = np.clip(centre[::-1] + offsets, 0, side - 1).round().astype(np.int32)
        image_HWC = np.repeat(grey.clip(0, 255).astype(np.uint8), 3, axis=2)
        yield Target(image_HWC=image_HWC, points_N2=points, labels_N=labels)


class Guided(nn.Module):
    """A network whose mask is the bright part of the image, with a little of its own output."""

    def __init__(self, network: RitmNetwork) -> None:
        super().__init__()
        self.network = network
        self.bytes_per_px = network.bytes_per_px

    def forward(self, image: Tensor, points: Tensor, sizes_B2: Tensor | None = None) -> Logits:
        """Return logits that are positive where the image is brighter than 0.49."""
        out: Logits = self.network(image, points, sizes_B2)
        return Logits(25 * (image[:, :1] - 0.49) + out.instances.float().tanh(), out.aux)

    def object_logits(self, image: Tensor, points: Tensor, sizes_B2: Tensor | None = None) -> Tensor:
        """Return the first output of `forward`."""
        logits: Logits = self(image, points, sizes_B2)
        return logits.instances


class Released(RitmNetwork):
    """The network in its authors' form, as the job had it before it was made faster: clicks are drawn one by one."""

    def forward(self, image: Tensor, points: Tensor, sizes_B2: Tensor | None = None) -> Logits:
        """Return both outputs at the input's size."""
        size = (image.shape[2], image.shape[3])
        maps = torch.cat([image[:, 3:], self._disks(points, *size)], dim=1)
        out = self.feature_extractor(self.normalisation(image[:, :3]), self.maps_transform(maps))
        return Logits(*(_resized(logits, size) for logits in out))

    def _disks(self, points: Tensor, height: int, width: int) -> Tensor:
        centres = points[..., :2].reshape(len(points), 2, -1, 2)
        centres = centres.masked_fill((centres.amax(dim=-1, keepdim=True) < 0), torch.inf)
        rows = (torch.arange(height, device=points.device) - centres[..., :1]).square_()
        columns = (torch.arange(width, device=points.device) - centres[..., 1:]).square_()
        inside = torch.zeros(len(points), 2, height, width, dtype=torch.bool, device=points.device)
        for n in range(centres.shape[2]):
            inside |= rows[:, :, n, :, None] + columns[:, :, n, None, :] <= self.radius**2
        return inside.float()


class PlainLoop:
    """RITM's predictor for one object and one click, with zoom-in and flip."""

    def __init__(self, network: nn.Module, device: Device) -> None:
        self._network = network.to(device.device).eval()
        self._device = device

    @torch.inference_mode()
    def click(self, image_CHW: Tensor, clicks: RowColumnClicks, mask: Any) -> tuple[Tensor, Roi | None]:
        """Return the mask's probability (H, W) and the roi. mask: what was returned for the previous click, or None."""
        height, width = image_CHW.shape[1:]
        probability, old = mask or (torch.zeros(height, width, device=image_CHW.device), None)
        roi = _roi(probability, old, clicks, height, width) if len(clicks.positive_N) > 1 else None
        image = torch.cat([image_CHW.float() / 255, probability[None]])[None]
        if roi is not None:
            size = network_size(roi)
            image = _resized(image[:, :, *roi.window], size)
            scale = np.array(size) / (roi.height, roi.width)
            moved = (clicks.rows_columns_N2 - (roi.row_min, roi.column_min)) * scale
            clicks = RowColumnClicks(rows_columns_N2=moved, positive_N=clicks.positive_N)
        points = padded([clicks])
        points = np.concatenate([points, mirrored(points, np.array([image.shape[3]], np.float32))])
        with self._device.autocasting():
            logits = self._network(torch.cat([image, image.flip(3)]), torch.from_numpy(points).to(image.device))[0]
        original, flipped = logits.float().chunk(2)
        output = (0.5 * (original + flipped.flip(3))).sigmoid()
        target = roi or old
        if target is None:
            return output[0, 0], None
        pasted = output.new_zeros(height, width)
        pasted[target.window] = _resized(output, (target.height, target.width))[0, 0]
        return pasted, target

    def trajectory(self, target: Target) -> list[Tensor]:
        """Return the probability after each click; each mask is copied to the host, as a user would do."""
        image_CHW = torch.from_numpy(target.image_HWC).to(self._device.device).permute(2, 0, 1).contiguous()
        probabilities, mask = [], None
        for n in range(1, len(target.labels_N) + 1):
            rows_columns = target.points_N2[:n, ::-1].astype(np.float64)
            mask = self.click(
                image_CHW, RowColumnClicks(rows_columns_N2=rows_columns, positive_N=target.labels_N[:n] == 1), mask
            )
            (mask[0] > MASK_THRESHOLD).cpu()
            probabilities.append(mask[0])
        return probabilities


def _roi(probability: Tensor, old: Roi | None, clicks: RowColumnClicks, height: int, width: int) -> Roi | None:
    rows, columns = np.nonzero((probability > ZOOM_THRESHOLD).cpu().numpy())
    if not len(rows):
        return None
    tight = Roi(int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max()))
    return kept_roi(old, object_roi(tight, clicks.positives(), height, width), clicks.positives())


def _resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    return interpolate(x, size=size, mode="bilinear", align_corners=True)


def together(model: ClickBasedModel, objects: list[Target]) -> list[list[Tensor]]:
    """Return the probabilities after each click of each object; all masks of a step are copied to the host at once."""
    images = model.encode([model.prepare(target.image_HWC) for target in objects])
    previous: list[Any] = [None] * len(objects)
    probabilities: list[list[Tensor]] = [[] for _ in objects]
    for n in range(1, len(objects[0].labels_N) + 1):
        requests = [
            Request(image=image, points_N2=target.points_N2[:n], labels_N=target.labels_N[:n], mask_input=mask)
            for image, target, mask in zip(images, objects, previous, strict=True)
        ]
        predictions = model.predict(requests)
        previous = [prediction.mask_inputs_C[0] for prediction in predictions]
        torch.stack([prediction.masks_CHW for prediction in predictions]).cpu()
        for steps, mask in zip(probabilities, previous, strict=True):
            steps.append(mask.probability_HW)
    return probabilities


class Passes:
    """The passes of a network and the pixels in them."""

    def __init__(self, network: nn.Module) -> None:
        self.shapes: list[torch.Size] = []
        network.register_forward_pre_hook(lambda _, arguments: self.shapes.append(arguments[0].shape))

    def taken(self) -> str:
        """Return their number and their pixels, and begin anew."""
        pixels = sum(shape[0] * shape[2] * shape[3] for shape in self.shapes)
        described = f"{len(self.shapes)} passes, {pixels / 1e6:.1f} Mpx"
        self.shapes.clear()
        return described


def seconds(action: Callable[[], Any], device: torch.device) -> tuple[Any, float, float]:
    """Return what one call returns, its wall seconds and its CPU seconds."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    wall, cpu = time.perf_counter(), time.process_time()
    returned = action()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return returned, time.perf_counter() - wall, time.process_time() - cpu


def network(arch: str, *, fold: bool, dtype: torch.dtype, memory_format: torch.memory_format) -> Any:
    """Build the network, with the shipped weights if there are any of this architecture."""
    torch.manual_seed(0)
    built = (RitmNetwork if fold else Released)(ARCHITECTURES[arch])
    shipped = arch == "hrnet18s"
    if shipped:
        built.load_state_dict(load_file(FOLDER / "ritm_h18s_demo.safetensors"))
    if fold:
        built = folded(built, dtype, memory_format)
    return built if shipped else Guided(built)


def measure(arch: str, device: Device, arguments: argparse.Namespace) -> None:
    """Print a row for each setting of one network."""
    objects = list(targets(arguments.objects, arguments.clicks, arguments.side))
    memory_format = MEMORY_FORMATS[arguments.channels]
    original = network(arch, fold=False, dtype=torch.float32, memory_format=memory_format)
    fast = network(arch, fold=True, dtype=device.autocast or torch.float32, memory_format=memory_format)
    passes = {"plain loop": Passes(original), "batched": Passes(fast)}
    loop, model = PlainLoop(original, device), ritm_model(fast, device, at_once=AT_ONCE[arguments.at_once])
    actions = {
        "plain loop": lambda: [loop.trajectory(target) for target in objects],
        "batched": lambda: together(model, objects),
    }
    loop.trajectory(objects[0])  # warm-up
    together(model, objects if device.device.type == "cuda" else objects[:1])
    described = {name: taken.taken() for name, taken in passes.items()}
    walls: dict[str, list[float]] = {name: [] for name in actions}
    cpus: dict[str, list[float]] = {name: [] for name in actions}
    outputs: dict[str, list[list[Tensor]]] = {}
    for _ in range(arguments.rounds):  # in turns, so that a machine that slows down affects both
        for name, action in actions.items():
            outputs[name], wall, cpu = seconds(action, device.device)
            described[name] = passes[name].taken()
            walls[name].append(wall)
            cpus[name].append(cpu)
    clicks = len(objects) * arguments.clicks
    for name in actions:
        wall, cpu = statistics.median(walls[name]), statistics.median(cpus[name])
        print(
            f"{arch:<9} {name:<10} {clicks / wall:8.2f} clicks/s {clicks / cpu:8.2f} clicks/CPU s   {described[name]}"
        )
    ratios = [statistics.median(s["plain loop"]) / statistics.median(s["batched"]) for s in (walls, cpus)]
    print(f"{arch:<9} ratio      {ratios[0]:8.2f}          {ratios[1]:8.2f}")
    pairs = [
        (a, b)
        for plain, batched in zip(outputs["plain loop"], outputs["batched"], strict=True)
        for a, b in zip(plain, batched, strict=True)
    ]
    largest = max((a - b).abs().max().item() for a, b in pairs)
    equal = np.mean([((a > MASK_THRESHOLD) == (b > MASK_THRESHOLD)).float().mean().item() for a, b in pairs])
    object_px = np.mean([(a > MASK_THRESHOLD).float().mean().item() for a, _ in pairs])
    print(
        f"{arch:<9} largest difference of probabilities {largest:.1e}; {equal:.6%} of mask pixels equal; "
        f"masks cover {object_px:.1%}"
    )


def main() -> None:
    """Print clicks per second of both settings for each network."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16", "fp16"))
    parser.add_argument("--arch", nargs="+", default=["hrnet18s"], choices=list(ARCHITECTURES))
    for name, default in (("objects", 4), ("clicks", 9), ("side", 256), ("rounds", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument(
        "--at-once", default="auto", choices=AT_ONCE, help="whether crops of different sizes share a pass"
    )
    parser.add_argument("--channels", default="last", choices=MEMORY_FORMATS, help="of the batched network, in memory")
    arguments = parser.parse_args()
    device = Device.of(resolve_device(arguments.device), arguments.precision)
    configure(device.device)
    print({**describe(device.device), **vars(arguments)})
    for arch in arguments.arch:
        measure(arch, device, arguments)


if __name__ == "__main__":
    main()
