"""What the header of a file says about its values, for intensity rules that ask for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a file's header says about its values.

    window: centre and width that it recommends, None if it states none, or slices differ. suv_factor: from the values
    to SUV, None where they are no DICOM PET; suv_lacking: why it does not follow from the header.
    """

    window: tuple[float, float] | None = None
    suv_factor: float | None = None
    suv_lacking: str = ""


NOTHING = Known()
