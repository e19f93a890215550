"""The worker of `fake_worker` on a machine whose wall clock jumps: python -m tests.worker.troubled_worker …

At moments drawn from CLOCK_SEED the clock is set wrong by up to ten minutes, seldom by up to two days, either way.
Waits for a store that fails are short.
"""

import os
import random
import threading
import time
from datetime import UTC, datetime

import pytest
import time_machine

from job.__main__ import main
from tests.cases import shorten_waits, use_fake_models
from tests.worker.fake_worker import SlowModel

NEAR_S, FAR_S = 600, 2 * 86_400
"""Errors of the clock: S3 accepts the near one, not the far one."""


def jump(clock: time_machine.Traveller) -> None:
    """Set the clock wrong again and again, and seldom by far."""
    rng, error = random.Random(os.environ["CLOCK_SEED"]), 0.0
    while True:
        time.sleep(rng.uniform(0, 2))
        before, error = error, rng.uniform(-1, 1) * rng.choices((NEAR_S, FAR_S), (30, 1))[0]
        clock.shift(error - before)


if __name__ == "__main__":
    patch = pytest.MonkeyPatch()
    shorten_waits(patch)
    use_fake_models(patch, SlowModel)
    with time_machine.travel(datetime.now(UTC)) as clock:
        threading.Thread(target=jump, args=(clock,), daemon=True).start()
        main()
