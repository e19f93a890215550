"""The figures of a run: rates after the preparation, shares of the time, the price of masks."""

from types import SimpleNamespace

import pytest

from job.worker import tally as tallying
from job.worker.speed import in_words, speed
from job.worker.tally import Tally


@pytest.fixture
def tally(monkeypatch):
    """Ten seconds of preparation, then 100 s: 250 images, 2,000 masks, of which 1,800 answer clicks."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(tallying, "time", SimpleNamespace(monotonic=lambda: clock.now))
    tally = Tally()
    clock.now = 110.0
    tally.counts.update(images=250, rows=2000, clicks=1800)
    tally.seconds.update({"plan": 4, "load models": 6, "encode": 41, "wait for images": 12, "write": 3, "short": 0.4})
    return tally


def test_rates_count_from_the_first_image(tally):
    """Plans are made and models loaded once, however many images there are."""
    figures = speed(tally, None)
    assert (figures["wall_s"], figures["evaluating_s"]) == (110, 100)
    assert (figures["images_per_s"], figures["clicks_per_s"], figures["masks_per_s"]) == (2.5, 18, 20)


def test_the_price_of_masks_is_that_of_all_the_time(tally):
    """At 7.20 an hour, 110 s cost 0.22, and 2,000 masks so."""
    figures = speed(tally, 7.2)
    assert figures["price_of_a_million_masks"] == 110
    assert speed(tally, None)["price_of_a_million_masks"] is None


def test_utilisation_is_the_mean_of_its_samples(tally):
    """It is null where nothing can be read."""
    assert speed(tally, None)["device_utilisation"] is None
    tally.utilisation.extend([80, 91])
    assert speed(tally, None)["device_utilisation"] == 85.5


def test_a_line_has_rates_then_shares_then_the_rest(tally):
    """The stages are in order of their time; what is under half a percent, and preparation, is left out."""
    tally.utilisation.append(87)
    assert in_words(speed(tally, 7.2), tally) == (
        "2.5 images/s, 18 clicks/s, 20 masks/s; encode 41 %, wait for images 12 %, write 3 %, other 44 %; "
        "GPU busy 87 % of the time; a million masks cost 110 at 7.2 an hour"
    )


def test_without_images_there_are_no_rates(tally):
    """Nor a price of masks, as where all chunks failed."""
    tally.counts.clear()
    figures = speed(tally, 7.2)
    assert {figures[name] for name in ("images_per_s", "clicks_per_s", "masks_per_s", "price_of_a_million_masks")} == {
        None
    }
    assert in_words(figures, tally).startswith("encode 41 %, ")
