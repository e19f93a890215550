"""Encodings that an earlier run stored are read instead of made again (`execution.embeddings`).

A stored encoding has the very bits that this worker would compute: its name covers all that determines them
(`recipes.py`), the number of images in the call, and the image. Whatever goes wrong with the store, the study goes on
without it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any

import structlog

from job.errors import StorageError
from job.models import device as devices
from job.models.embedding import SUFFIX, entry_name, from_bytes, to_bytes
from job.models.protocol import EncodedImage, Image, PromptableModel
from job.plan.file import Plan
from job.storage import BoundedFolder
from job.study import LoadedSpec
from job.worker.read_ahead import threads
from job.worker.recipes import recipes

BYTES_PER_GB = 10**9
THREADS = 8
"""That hash and read, and as many that store: most of the time they wait for a store."""
PENDING = 16
"""Encodings that may wait to be stored, of SAM 64 MiB; with more, the encoder waits. Memory so stays bounded."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """The result of looking up a batch of images. names: of their entries, empty if the model takes no part.

    encoded: all of the images, or None if one is missing: then all are encoded together, as without stored encodings.
    """

    names: Sequence[str]
    encoded: Sequence[EncodedImage] | None


class Embeddings:
    """Looks up the encodings of images, and stores new ones in the background.

    recipes: for each model that takes part, all that determines an encoding but the images. open_folder: looks through
    the store, while the models load. counts: receives hits and misses (images), stored and unusable (entries; a store
    that cannot be read, or not be written, counts once).
    """

    def __init__(
        self,
        recipes: Mapping[str, str],
        device: devices.TorchDevice,
        open_folder: Callable[[], BoundedFolder],
        counts: Counter[str],
        readers: Executor,
        writers: Executor,
    ) -> None:
        self._recipes, self._device, self._counts = recipes, device, counts
        self._readers, self._writers = readers, writers
        self._opened = readers.submit(open_folder) if recipes else None
        self._pending: deque[Future[None]] = deque()
        self._damaged: set[str] = set()
        self._warned_of_damage = False
        self._lock = Lock()  # of what threads count and note
        self._reads = self._writes = bool(recipes)

    def look_up(self, model: str, batches: Sequence[Sequence[Image]]) -> Iterator[Look]:
        """Yield what is stored of each batch of images, which one call would encode. All are read meanwhile."""
        folder = self._folder() if model in self._recipes else None
        if folder is None:
            yield from (Look(names=(), encoded=None) for _ in batches)
            return
        finding = [
            [self._readers.submit(self._find, folder, model, len(images), image) for image in images]
            for images in batches
        ]
        for images, futures in zip(batches, finding, strict=True):
            names, features = zip(*(future.result() for future in futures), strict=True)
            is_whole = all(tensor is not None for tensor in features)
            with self._lock:
                self._counts["hits" if is_whole else "misses"] += len(images)
            encoded = [_encoded(image, tensor) for image, tensor in zip(images, features, strict=True)]
            yield Look(names=names, encoded=encoded if is_whole else None)

    def keep(self, look: Look, encoded: Sequence[EncodedImage]) -> None:
        """Store the encodings of images that were looked up, in the background; wait while too many are pending."""
        folder = self._folder() if look.names else None
        if folder is None:
            return
        for name, image in zip(look.names, encoded, strict=True):
            while len(self._pending) >= PENDING:
                self._pending.popleft().result()
            self._pending.append(self._writers.submit(self._store, folder, name, image.features))

    def finish(self) -> None:
        """Wait until everything is stored."""
        while self._pending:
            self._pending.popleft().result()

    def _folder(self) -> BoundedFolder | None:
        if self._opened is None or not (self._reads or self._writes):
            return None
        try:
            return self._opened.result()
        except StorageError as error:
            self._give_up(error)
            return None

    def _find(self, folder: BoundedFolder, model: str, together: int, image_HWC: Image) -> tuple[str, Any | None]:
        """Return the name of an image's entry, and its features if they are stored."""
        name = entry_name(self._recipes[model], together, image_HWC)
        return name, self._read(folder, name) if folder.has(name) else None

    def _read(self, folder: BoundedFolder, name: str) -> Any | None:
        """Return the features of one entry; None if it is missing, damaged or out of reach."""
        try:
            data = folder.read(name) if self._reads else None
        except StorageError as error:
            self._give_up(error)
            return None
        features = None if data is None else from_bytes(name, data, self._device)
        if data is not None and features is None:
            self._note_damage(name)
        return features

    def _store(self, folder: BoundedFolder, name: str, features: Any) -> None:
        is_damaged = name in self._damaged
        if not self._writes or (folder.has(name) and not is_damaged):
            return
        data = to_bytes(name, features)
        if data is None:
            return
        try:
            if not (folder.replace if is_damaged else folder.add)(name, data):
                self._stop_writing("execution.embeddings_gb is used up", unusable=0)
                return
        except StorageError as error:
            self._stop_writing(str(error), unusable=1)
            return
        with self._lock:
            self._counts["stored"] += 1
            self._damaged.discard(name)

    def _note_damage(self, name: str) -> None:
        with self._lock:
            self._counts["unusable"] += 1
            is_first, self._warned_of_damage = not self._warned_of_damage, True
            self._damaged.add(name)
        if is_first:
            structlog.get_logger().warning("a stored embedding is damaged: it is made again", entry=name + SUFFIX)

    def _stop_writing(self, reason: str, *, unusable: int) -> None:
        with self._lock:
            was_writing, self._writes = self._writes, False
            self._counts["unusable"] += unusable * was_writing
        if was_writing:
            structlog.get_logger().warning("no more embeddings are stored in this run", reason=reason)

    def _give_up(self, error: StorageError) -> None:
        """Go on without the store: another attempt for each image would cost minutes."""
        with self._lock:
            was_used, self._reads, self._writes = self._reads, False, False
            self._counts["unusable"] += was_used
        if was_used:
            structlog.get_logger().warning("going on without stored embeddings", reason=str(error))


def _encoded(image_HWC: Image, features: Any) -> EncodedImage:
    return EncodedImage(height=image_HWC.shape[0], width=image_HWC.shape[1], features=features)


@contextmanager
def embeddings_of(
    spec: LoadedSpec,
    plan: Plan,
    models: Mapping[str, PromptableModel],
    device: devices.TorchDevice,
    counts: Counter[str],
    workers: int,
) -> Iterator[Embeddings]:
    """Provide the stored encodings of a run's models. At the regular end, wait until all new ones are stored.

    workers: the number that run this study at the same time.
    """
    execution = spec.study.execution
    address, most = execution.embeddings or "", int(execution.embeddings_gb * BYTES_PER_GB)
    known = recipes(spec, plan, models, device) if address else {}
    if address:
        counts.update(hits=0, misses=0, stored=0, unusable=0)
    with threads(THREADS) as readers, threads(THREADS) as writers:
        open_folder = partial(BoundedFolder, address, SUFFIX, most, workers)
        embeddings = Embeddings(known, device, open_folder, counts, readers, writers)
        yield embeddings
        embeddings.finish()
