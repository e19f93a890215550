"""The study spec: typed, frozen, unknown keys refused. Every default stands where its field is declared, once."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from job.spec.dataset import Dataset
from job.spec.model import Model
from job.spec.prompts import Prompts
from job.spec.strict import Address, Fraction, Strict

Precision = Literal["fp32", "bf16", "fp16"]


class Compare(Strict):
    """The comparison that the study is about."""

    model: str
    baseline: str


class Statistics(Strict):
    """What the statistics step computes."""

    compare: Compare | None = None
    noc: tuple[Fraction, ...] = (0.8, 0.85, 0.9, 0.95)
    """IoU levels for the number of clicks."""
    confidence: Fraction = 0.95


class Execution(Strict):
    """Where and how the job runs. Nothing here but precision and batch can change a row."""

    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"
    precision: Literal["auto"] | Precision = "auto"
    chunk: Annotated[int, Field(ge=1)] = 64
    """Raw slices, or images, in one unit of work."""
    batch: Literal["auto"] | Annotated[int, Field(ge=1)] = "auto"
    """Objects that advance together in one call of the model."""
    max_image_px: Annotated[int, Field(ge=1)] = 100_000_000
    """An image with more pixels is left out before it is decoded."""
    cache_gb: Annotated[float, Field(gt=0, le=1_000_000)] = 50.0
    """Bound on the local copies of remote inputs."""


class Study(Strict):
    """A whole study."""

    study: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    output: Address | None = None
    """Where results go: any fsspec address. Unstated: ./results/<study>."""
    datasets: Annotated[tuple[Dataset, ...], Field(min_length=1)]
    models: Annotated[tuple[Model, ...], Field(min_length=1)]
    prompts: Annotated[tuple[Prompts, ...], Field(min_length=1)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    statistics: Statistics = Statistics()
    execution: Execution = Execution()

    @property
    def output_address(self) -> str:
        """Where results go."""
        return self.output or f"results/{self.study}"


def json_schema() -> dict[str, Any]:
    """The spec's JSON Schema, for editors."""
    schema = Study.model_json_schema()
    for name in ("Task",):  # the short forms, which a validator expands
        full = schema["$defs"][name]
        short = full["properties"]["label"]["anyOf"]
        schema["$defs"][name] = {"anyOf": [*(form for form in short if form.get("type") != "null"), full]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
