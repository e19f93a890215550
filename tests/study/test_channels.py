"""`channels` of a spec: red, green and blue, each a file and, if it differs, a rule."""

import pytest
from pydantic import ValidationError

from job.study.dataset import Dataset
from tests.study.small import GENERATED, SMALL, only_fault

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


def channels_of(green):
    return SMALL.replace(
        "    tasks:", f'    channels: {{red: "{{image}}", green: {green}, blue: "{{image}}"}}\n    tasks:'
    )


@pytest.mark.parametrize(
    ("green", "fault"),
    [
        ('"g/{stim}.png"', "channels.green: unknown field {stim} (got g/{stim}.png); did you mean 'stem'?"),
        (
            '{file: "g/{stim}.png"}',
            "channels.green.file: unknown field {stim} (got g/{stim}.png); did you mean 'stem'?",
        ),
        ("g/t2/", "channels.green: expected a file, not a folder of files"),
        ("{chanel: 1}", "channels.green.chanel: unknown key 'chanel'; did you mean 'channel'?"),
        ("{intensity: {window: lungs}}", "channels.green.intensity.window: expected a list or abdomen or"),
    ],
)
def test_a_fault_of_a_channel_has_its_place(green, fault):
    """As that of a mask."""
    assert fault in only_fault(channels_of(green))


def test_generated_images_have_no_channels():
    """They are grey."""
    text = GENERATED.replace(
        "    tasks:", '    channels: {red: "{image}", green: "{image}", blue: "{image}"}\n    tasks:'
    )
    assert "datasets[0].channels: `channels` applies to files" in only_fault(text)
