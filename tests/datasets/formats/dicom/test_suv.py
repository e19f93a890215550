"""SUVbw: the factor from Bq/ml, worked out by hand, and what it must not be guessed from."""

from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

from job.datasets.formats.dicom.folder import read_members
from job.datasets.formats.dicom.suv import suv_factor
from job.errors import DataError
from tests.datasets.formats.dicom.written import grid, phantom, slices, stored, write


def _pet(dose: dict[str, Any] | None = None, **elements: Any) -> Dataset:
    """Return a PET of 80 kg with 400 MBq, one half-life of 6000 s before the scan at noon: 200 MBq are left."""
    item = Dataset()
    stated = {
        "RadionuclideTotalDose": "4e8",
        "RadionuclideHalfLife": "6000",
        "RadiopharmaceuticalStartTime": "102000.0000",
    }
    for keyword, value in {**stated, **(dose or {})}.items():
        if value is not None:
            setattr(item, keyword, value)
    made = Dataset()
    stated = {
        "Modality": "PT",
        "Units": "BQML",
        "CorrectedImage": ["ATTN", "DECY"],
        "DecayCorrection": "START",
        "PatientWeight": "80",
        "SeriesDate": "20200102",
        "SeriesTime": "120000",
        "AcquisitionDate": "20200102",
        "AcquisitionTime": "120000",
        "RadiopharmaceuticalInformationSequence": [item],
    }
    for keyword, value in {**stated, **elements}.items():
        if value is not None:
            setattr(made, keyword, value)
    return made


AT_HALF = 80_000 / 2e8
"""Grams over the becquerels that are left."""


def test_the_dose_decays_until_the_scan() -> None:
    assert suv_factor([_pet()]) == pytest.approx(AT_HALF)


def test_values_that_are_corrected_to_the_injection_take_the_whole_dose() -> None:
    assert suv_factor([_pet(DecayCorrection="ADMIN")]) == pytest.approx(80_000 / 4e8)


def test_the_earliest_acquisition_counts_if_the_series_is_stated_later() -> None:
    """A series that was made anew at 15:00; its first bed was acquired at noon."""
    slices = [_pet(SeriesTime="150000", AcquisitionTime=time) for time in ("120500", "120000", "121000")]
    assert suv_factor(slices) == pytest.approx(AT_HALF)


def test_the_series_counts_if_it_is_before_the_acquisitions() -> None:
    assert suv_factor([_pet(AcquisitionTime="121000")]) == pytest.approx(AT_HALF)


def test_an_injection_before_midnight_is_of_the_day_before() -> None:
    """23:20 to 1:00 are 6000 s."""
    made = _pet({"RadiopharmaceuticalStartTime": "232000"}, SeriesTime="010000", AcquisitionTime="010000")
    assert suv_factor([made]) == pytest.approx(AT_HALF)


def test_a_date_of_the_injection_goes_before_its_time() -> None:
    dose = {"RadiopharmaceuticalStartDateTime": "20200101120000.00", "RadionuclideHalfLife": "86400"}
    assert suv_factor([_pet(dose)]) == pytest.approx(AT_HALF)


def test_values_in_g_per_ml_are_suv() -> None:
    assert suv_factor([_pet(Units="GML")]) == 1
    assert suv_factor([_pet(Units="GML", SUVType="BW")]) == 1


def _philips(**factors: float) -> Dataset:
    made = _pet(Units="CNTS")
    block = made.private_block(0x7053, "Philips PET Private Group", create=True)
    for element, value in factors.items():
        block.add_new({"suv": 0x00, "activity": 0x09}[element], "DS", str(value))
    return made


def test_philips_counts_have_a_factor_of_their_own() -> None:
    assert suv_factor([_philips(suv=0.0004, activity=3.0)]) == pytest.approx(0.0004)


def test_philips_counts_become_activity_if_there_is_no_factor_to_suv() -> None:
    assert suv_factor([_philips(activity=3.0)]) == pytest.approx(3 * AT_HALF)
    assert suv_factor([_philips(suv=0, activity=3.0)]) == pytest.approx(3 * AT_HALF)


def test_the_header_that_is_read_suffices(tmp_path: Path) -> None:
    """Philips' private elements are kept too."""
    planes, affine = stored(phantom(), grid())
    made = slices(planes, affine)
    for each in made:
        each.update({element.tag: element for element in _philips(suv=0.5)})
    members, _ = read_members(write(tmp_path / "a", made))
    assert suv_factor([member.header.dataset for member in members]) == 0.5
    for each in made:
        each.Units = "BQML"
    members, _ = read_members(write(tmp_path / "a", made))
    assert suv_factor([member.header.dataset for member in members]) == pytest.approx(AT_HALF)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (_pet(Units="CNTS"), "(7053,xx00)"),
        (_philips(), "(7053,xx09)"),
        (_pet(Units="PROPCNTS"), "Units"),
        (_pet(Units=None), "Units"),
        (_pet(Units="GML", SUVType="LBM"), "body weight"),
        (_pet(CorrectedImage=["ATTN"]), "CorrectedImage"),
        (_pet(CorrectedImage=["DECY"]), "CorrectedImage"),
        (_pet(DecayCorrection="NONE"), "DecayCorrection"),
        (_pet(DecayCorrection=None), "DecayCorrection"),
        (_pet(PatientWeight=None), "PatientWeight"),
        (_pet(PatientWeight="0"), "PatientWeight"),
        (_pet({"RadionuclideTotalDose": None}), "RadionuclideTotalDose"),
        (_pet({"RadionuclideTotalDose": "400"}), "MBq"),
        (_pet({"RadionuclideHalfLife": None}), "RadionuclideHalfLife"),
        (_pet({"RadiopharmaceuticalStartTime": None}), "RadiopharmaceuticalStartTime"),
        (_pet({"RadiopharmaceuticalStartTime": "noon"}), "StartDateTime is missing or damaged"),
        (_pet({"RadionuclideHalfLife": "282000"}), "RadiopharmaceuticalStartDateTime"),
        (_pet({"RadiopharmaceuticalStartTime": "130000"}), "after the injection"),
        (_pet({"RadiopharmaceuticalStartDateTime": "20200103120000"}), "after the injection"),
        (_pet(RadiopharmaceuticalInformationSequence=[]), "0 items"),
        (_pet(AcquisitionTime=None), "AcquisitionTime"),
        (_pet(SeriesDate=None), "SeriesDate"),
    ],
)
def test_what_is_missing_is_named(made: Dataset, words: str) -> None:
    with pytest.raises(DataError) as caught:
        suv_factor([made])
    assert caught.value.reason == "no SUV"
    assert words in caught.value.detail
