"""The base of all sections of a spec: frozen types that refuse unknown keys, and texts of a known form."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from job.study.addresses import normal

NAME = r"^[^\x00-\x1f/]+$"
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
SHA256 = r"^[0-9a-fA-F]{64}$"
DEVICE = r"^(auto|cpu|cuda(:\d+)?)$"
PATTERNS = {
    NAME: "a name without slash",
    FILE_NAME: "up to 100 letters, digits, dots, hyphens and underscores, the first a letter or digit",
    SHA256: "64 hexadecimal digits",
    DEVICE: "auto, cpu, cuda or cuda:N",
}
"""What each pattern expects, for people."""

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=NAME)]
FileName = Annotated[str, Field(pattern=FILE_NAME)]
Address = Annotated[str, Field(min_length=1), AfterValidator(normal)]
Line = Annotated[str, Field(min_length=1, max_length=500)]
Sha256 = Annotated[str, Field(pattern=SHA256)]
Device = Annotated[str, Field(pattern=DEVICE)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]


class Strict(BaseModel):
    """Base of all sections of a spec."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )
