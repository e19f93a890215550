"""The command line with quick models, as a process that a test can kill: python -m tests.worker.fake_worker …

Each call of a model takes MODEL_SECONDS, so that a test can interrupt it. An image of DEADLY_ROWS rows kills the
process, as the kernel kills one that takes too much memory.
"""

import os
import signal
import time

import pytest

from job.__main__ import main
from tests.cases import use_fake_models
from tests.models.fake import FakeModel


class SlowModel(FakeModel):
    """A fast fake model whose calls take MODEL_SECONDS, and which dies of an image of DEADLY_ROWS rows."""

    encoding = "slow 1"

    def encode(self, images):
        if any(len(image) == int(os.environ.get("DEADLY_ROWS", "0")) for image in images):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(images)

    def predict(self, requests):
        time.sleep(float(os.environ.get("MODEL_SECONDS", "0")))
        return super().predict(requests)


if __name__ == "__main__":
    use_fake_models(pytest.MonkeyPatch(), SlowModel)
    main()
