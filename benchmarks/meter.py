"""How busy a GPU is while something runs, as NVIDIA's management library counts it."""

from __future__ import annotations

import threading
from typing import Any


class Meter:
    """Samples the utilisation of a GPU from `start` to `stop`."""

    INTERVAL_S = 0.1

    def __init__(self, device: Any) -> None:
        self._read = _reader(device)
        self._samples: list[float] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def start(self) -> None:
        """Begin to sample, if there is a GPU and a meter."""
        if self._read is not None:
            self._thread.start()

    def stop(self) -> float | None:
        """Return the mean share of time in which a kernel ran; None without samples."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        return sum(self._samples) / len(self._samples) if self._samples else None

    def _sample(self) -> None:
        while not self._ended.wait(self.INTERVAL_S) and self._read is not None:
            try:
                self._samples.append(self._read() / 100)
            except Exception:  # a driver without the counter
                self._read = None


def _reader(device: Any) -> Any:
    """Return a function that reads the utilisation in percent, or None."""
    if device.type != "cuda":
        return None
    import torch

    return lambda: float(torch.cuda.utilization(device))
