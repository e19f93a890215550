"""The standardised uptake value by body weight (SUVbw) of PET, as QIBA's vendor-neutral pseudocode derives it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydicom import Dataset

from job.datasets.formats.dicom.elements import items, number, text
from job.errors import DataError

PHILIPS_CREATOR = "Philips PET Private Group"
PHILIPS_GROUP, SUV_ELEMENT, ACTIVITY_ELEMENT = 0x7053, 0x00, 0x09
LEAST_DOSE_BQ = 1e5  # a smaller number is one in MBq; a mouse gets 5e6
LONG_HALF_LIFE_S = 12 * 3600.0  # a scan may be days after the injection, so that times without dates do not tell
MOST_HALF_LIVES = 10.0  # after which no scan is made
DAY = timedelta(days=1)
REASON = "no SUV"


def suv_factor(slices: Sequence[Dataset]) -> float:
    """Return the factor from the values of a series, rescaled, to SUVbw in g/ml.

    slices: the headers of all slices, of which the earliest acquisition counts. Raise DataError, with the names of
    what is missing, if the factor does not follow from them.
    """
    first = slices[0]
    if (modality := text(first, "Modality")) != "PT":
        raise DataError(REASON, f"Modality is {modality or 'missing'}, expected PT")
    units = text(first, "Units")
    if units == "GML" and text(first, "SUVType") in ("", "BW"):
        return 1.0
    corrections = text(first, "CorrectedImage")
    if "DECY" not in corrections or "ATTN" not in corrections:
        raise DataError(REASON, "CorrectedImage must name ATTN and DECY")
    if units == "CNTS":
        return _philips_factor(slices)
    if units != "BQML":
        raise DataError(REASON, "Units must be BQML, CNTS, or GML of body weight; convert the images to SUV beforehand")
    return _from_activity(slices)


def _philips_factor(slices: Sequence[Dataset]) -> float:
    """Return Philips' private factor for counts, or that of the activity concentration times the one to SUV."""
    block = _philips_block(slices[0])
    if block is not None:
        if factor := _private_number(slices[0], block, SUV_ELEMENT):
            return factor
        if factor := _private_number(slices[0], block, ACTIVITY_ELEMENT):
            return factor * _from_activity(slices)
    raise DataError(REASON, "Units are CNTS, and Philips' factors (7053,xx00) and (7053,xx09) are missing")


def _philips_block(dataset: Dataset) -> int | None:
    try:
        return int(dataset.private_block(PHILIPS_GROUP, PHILIPS_CREATOR).block_start)
    except KeyError:
        return None


def _private_number(dataset: Dataset, block: int, element: int) -> float | None:
    """Return a private number that is above 0, else None. block: where the creator's elements begin, such as 0x1000."""
    found = dataset.get((PHILIPS_GROUP, block + element))
    try:
        value = float(found.value) if found is not None else 0.0
    except (TypeError, ValueError):
        return None
    return value if 0 < value < float("inf") else None


def _from_activity(slices: Sequence[Dataset]) -> float:
    """Return body weight over the activity at the time to which the values are corrected for decay."""
    first = slices[0]
    doses = items(first, "RadiopharmaceuticalInformationSequence")
    if len(doses) != 1:
        raise DataError(REASON, f"RadiopharmaceuticalInformationSequence has {len(doses)} items, expected 1")
    weight_kg = _needed(first, "PatientWeight")
    dose_bq = _needed(doses[0], "RadionuclideTotalDose")
    if dose_bq < LEAST_DOSE_BQ:
        raise DataError(REASON, f"RadionuclideTotalDose is below {LEAST_DOSE_BQ:g} Bq; is it in MBq?")
    return weight_kg * 1000 / (dose_bq * _remaining(slices, doses[0]))


def _remaining(slices: Sequence[Dataset], dose: Dataset) -> float:
    """Return the share of the dose that is left at the time of the correction."""
    correction = text(slices[0], "DecayCorrection")
    if correction == "ADMIN":
        return 1.0
    if correction != "START":
        raise DataError(REASON, "DecayCorrection must be START or ADMIN")
    half_life_s = _needed(dose, "RadionuclideHalfLife")
    passed_s = _passed_s(_scan_start(slices), dose, half_life_s)
    if not 0 <= passed_s <= MOST_HALF_LIVES * half_life_s:
        detail = f"the scan begins {passed_s / 60:.0f} minutes after the injection, half-life {half_life_s / 60:.0f}"
        raise DataError(REASON, f"{detail}; the dates or times of the header are wrong")
    return float(2 ** (-passed_s / half_life_s))


def _scan_start(slices: Sequence[Dataset]) -> datetime:
    """Return the start of the series, or the earliest acquisition if a later program has stated a later series."""
    series = _moment(slices[0], "SeriesDate", "SeriesTime")
    acquired = [_moment(each, "AcquisitionDate", "AcquisitionTime") for each in slices]
    known = [each for each in acquired if each is not None]
    if len(known) < len(acquired) or series is None:
        raise DataError(REASON, "SeriesDate, SeriesTime, AcquisitionDate or AcquisitionTime is missing or damaged")
    return min(series, *known)


def _passed_s(start: datetime, dose: Dataset, half_life_s: float) -> float:
    """Return the seconds from the injection to the scan."""
    if injected := _parsed(text(dose, "RadiopharmaceuticalStartDateTime")):
        return (start - injected).total_seconds()
    clock = text(dose, "RadiopharmaceuticalStartTime")
    injected = _parsed(f"{start:%Y%m%d}{clock}") if clock else None
    if injected is None or half_life_s > LONG_HALF_LIFE_S:
        needed = "RadiopharmaceuticalStartDateTime" if clock else "RadiopharmaceuticalStartTime"
        raise DataError(REASON, f"{needed} is missing or damaged")
    if injected > start:  # the evening before
        injected -= DAY
    return (start - injected).total_seconds()


def _needed(dataset: Dataset, keyword: str) -> float:
    value = number(dataset, keyword)
    if value is None or value <= 0:
        raise DataError(REASON, f"{keyword} is missing or not above 0")
    return value


def _moment(dataset: Dataset, date: str, time: str) -> datetime | None:
    day, clock = text(dataset, date).replace(".", ""), text(dataset, time)
    return _parsed(day + clock) if day and clock else None


def _parsed(moment: str) -> datetime | None:
    """Return the moment of a DICOM date and time (PS3.5 6.2), without its offset from UTC; None if damaged."""
    digits, _, fraction = moment.partition("+")[0].partition("-")[0].replace(":", "").partition(".")
    try:
        whole = datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S")
    except ValueError:
        return None
    return whole + timedelta(seconds=float(f"0.{fraction}")) if fraction.isdigit() else whole
