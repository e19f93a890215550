"""Random label maps in every form of every format: they come back as stored, and the doubts say what is unusual."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings

from job.datasets.check import look_inside
from job.datasets.discover import discover
from job.datasets.load import load
from job.storage import InputCache
from tests.datasets.formats.forms import Form, forms
from tests.datasets.make import MAX_PX, dataset, save, write
from tests.datasets.pictures import read_mask

EXAMPLES = settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])


@EXAMPLES
@given(form=forms())
def test_a_label_map_comes_back_as_stored(form: Form) -> None:
    """With its values, its orientation tag, and the doubts that its tags and palette raise."""
    with tempfile.TemporaryDirectory() as folder:
        picture = read_mask(write(Path(folder) / f"a.{form.suffix}", form.data), MAX_PX)
    assert np.array_equal(picture.values, form.labels)
    assert picture.values.dtype.isnative
    assert picture.orientation == form.orientation
    assert {doubt.reason for doubt in picture.doubts} == form.doubts


@EXAMPLES
@given(form=forms())
def test_validate_and_the_run_agree_on_every_file(form: Form) -> None:
    """What one remarks or leaves out, so does the other, and the doubts of the reader are among it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        height, width = form.labels.shape[:2]
        gradient = np.arange(height * width).reshape(height, width).astype(np.uint16)
        save(folder / "images/a.png", gradient)
        write(folder / f"masks/a.{form.suffix}", form.data)
        data = dataset(folder, masks=f"{folder}/masks/{{stem}}.{form.suffix}")
        cache = InputCache(folder / "cache", 1 << 30)
        (source,) = discover(data)
        inside = look_inside(data, source, cache, MAX_PX)
        loaded = load(data, source, (0,), cache, MAX_PX)
    lines = [line for line in loaded.left_out if line.kind != "empty"]
    assert inside.findings == lines
    assert inside.tasks == {obj.task for sample in loaded.samples for obj in sample.objects}
    if loaded.samples:
        assert form.doubts <= {line.reason for line in lines}
        assert ("orientation tags differ" in {line.reason for line in lines}) == (form.orientation != 1)
