"""The place for stored encodings is a folder of its own."""

import pytest

from job.study import loads
from tests.study.small import GENERATED, SMALL, only_fault

HERE = "execution:\n  embeddings: "
APART = "s.yaml:14:3: execution.embeddings: expected a folder of its own for embeddings, "


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("results/small", "output"),
        ("results", "output"),
        ("./results//small/embeddings", "output"),
        ("a", "datasets[0].images"),
        ("a/embeddings", "datasets[0].images"),
        ("m", "datasets[0].masks"),
    ],
)
def test_it_shares_no_folder_with_output_or_inputs(address, key):
    """Neither is, holds, or lies in the other, in any spelling."""
    fault = only_fault(SMALL + HERE + address)
    assert fault.startswith(APART)
    assert fault.endswith(f"; this is also a place of {key} (got {address})")


def test_an_output_that_the_spec_names_is_none_either():
    """In place of the one that a study has by default."""
    text = SMALL + "output: elsewhere\n"
    assert "a place of output (got elsewhere/a)" in only_fault(text + HERE + "elsewhere/a")
    assert loads(text + HERE + "results/small").study.execution.embeddings == "results/small"


def test_it_holds_no_checkpoint():
    """Weights may be safetensors files too."""
    text = SMALL.replace("family: lite_medsam", "family: lite_medsam\n    checkpoint: s3://w/lite.pth")
    assert "a place of models[0].checkpoint" in only_fault(text + HERE + "s3a://w")


@pytest.mark.parametrize("address", ["embeddings", "results/other", "s3://a/m", "~/a"])
def test_any_other_place_is_accepted(address):
    """Local or remote; a hundred gigabytes unless the spec says otherwise."""
    execution = loads(SMALL + HERE + address).study.execution
    assert (execution.embeddings, execution.embeddings_gb) == (address, 100.0)


def test_images_in_the_working_folder_leave_its_other_folders_free():
    """So do images that are drawn."""
    for text in (SMALL.replace("a/*.png", "'*.png'"), GENERATED):
        assert loads(text + HERE + "embeddings").study.execution.embeddings == "embeddings"


@pytest.mark.parametrize("address", ["https://host/a", "memory://a", "package://job/a"])
def test_a_place_that_keeps_nothing_is_refused(address):
    """As it is for results."""
    assert "execution.embeddings: expected an address that can be written" in only_fault(SMALL + HERE + address)
