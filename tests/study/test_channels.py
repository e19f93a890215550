"""`channels` of a spec: red, green and blue, each a file and, if it differs, a rule."""

import pytest
from pydantic import ValidationError

from job.study.dataset import Dataset

SET = {"name": "A", "modality": "MRI", "images": "d/{case}_t1.nii.gz", "masks": "d/{case}.nii.gz", "tasks": {"t": 1}}
RGB = {"red": "{image}", "green": "d/{case}_t2.nii.gz", "blue": "d/{case}_flair.nii.gz"}


def dataset(**channels):
    return Dataset.model_validate(SET | {"channels": channels, "intensity": {"scale": "minmax"}}, strict=False)


def test_an_address_is_short_for_a_channel():
    """Its rule is that of the data set."""
    channels = dataset(**RGB).channels
    assert channels.green.file == "d/{case}_t2.nii.gz"
    assert [rule.label for rule in dataset(**RGB).intensities] == ["minmax/slice"] * 3


def test_a_channel_may_have_a_rule_of_its_own():
    """Such as three windows of one CT: without a file, the image itself is shown."""
    windows = {
        colour: {"intensity": {"window": name}} for colour, name in zip(RGB, ("lung", "bone", "brain"), strict=True)
    }
    shown = dataset(**windows)
    assert {channel.file for channel in shown.channels.by_colour.values()} == {"{image}"}
    assert [rule.window for rule in shown.intensities] == ["lung", "bone", "brain"]


def test_which_rules_the_spec_states_is_known():
    """For the manifest: of each channel."""
    channels = RGB | {"blue": {"file": RGB["blue"], "intensity": {"scale": "minmax"}}}
    some = Dataset.model_validate(SET | {"channels": channels}, strict=False)
    assert some.intensity_origins == ("default", "default", "spec")
    assert dataset(**RGB).intensity_origins == ("spec",) * 3
    assert Dataset.model_validate(SET, strict=False).intensity_origins == ("default",)


@pytest.mark.parametrize("missing", list(RGB))
def test_all_three_are_stated(missing):
    """No channel is filled in silence."""
    with pytest.raises(ValidationError, match=f"channels.{missing}"):
        dataset(**{colour: file for colour, file in RGB.items() if colour != missing})
