"""Which segments a label means."""

import pytest

from job.datasets.formats.segments.segment import Segment, check_frame, chosen
from job.errors import DataError

LIVER, TUMOUR, SECOND, UPPER = (
    Segment(number=number, name=name) for number, name in ((1, "Liver"), (3, "Tumour"), (4, "Tumour"), (7, "liver"))
)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Liver", [LIVER]),
        ("liver", [UPPER]),
        ("Tumour", [TUMOUR, SECOND]),
        ("tumour", [TUMOUR, SECOND]),
        (3, [TUMOUR]),
        ([4, "Liver"], [LIVER, SECOND]),
        (["tumour", 3], [TUMOUR, SECOND]),
        ("any", [LIVER, TUMOUR, SECOND, UPPER]),
        ([], []),
    ],
)
def test_labels_by_name_number_or_list(label, expected):
    """A name means every segment that has it; the exact name wins; each segment comes once, in the file's order."""
    assert list(chosen([LIVER, TUMOUR, SECOND, UPPER], label)) == expected


def test_a_name_that_differs_in_case_must_be_unique():
    """LIVER may be Liver or liver."""
    with pytest.raises(DataError, match="'Liver' or 'liver'"):
        chosen([LIVER, UPPER], "LIVER")


def test_the_nearest_name_is_a_hint():
    """Else, all names are."""
    with pytest.raises(DataError, match=r"did you mean 'Tumour'\?") as caught:
        chosen([LIVER, TUMOUR], "tumor")
    assert caught.value.reason == "no such segment"
    with pytest.raises(DataError, match="the file has 1 'Liver', 3 'Tumour'"):
        chosen([LIVER, TUMOUR], 2)
    with pytest.raises(DataError, match="the file has no segments"):
        chosen([], "x")


def test_another_frame_of_reference_is_refused():
    """An unknown one fits to any."""
    check_frame("1.2", "1.2")
    check_frame("", "1.2")
    check_frame("1.2", "")
    with pytest.raises(DataError, match="not of one scan"):
        check_frame("1.2", "1.3")
