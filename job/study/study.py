"""The study spec: typed, frozen, unknown keys refused. Every default stands where its field is declared, once."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from job.study.dataset import Dataset
from job.study.model import Model
from job.study.prompts import Prompts
from job.study.strict import Address, Fraction, Strict

Precision = Literal["fp32", "bf16", "fp16"]
Seed = Annotated[int, Field(ge=0, lt=2**63)]


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
    """Confidence level of all intervals."""
    seed: Seed = 0
    """Seed of the bootstrap. It changes no row, only which resamples are drawn."""


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
    seed: Seed | None = None
    """Seed of the random choices between equally deep pixels. Short for `seeds: [N]`; unstated: 0."""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] | None = None
    """Several seeds: the whole study is evaluated once with each."""
    statistics: Statistics = Statistics()
    execution: Execution = Execution()

    @model_validator(mode="after")
    def _one_form_of_seed(self) -> Study:
        if self.seed is not None and self.seeds is not None:
            raise PydanticCustomError("one_seed", "expected either seed or seeds, not both")
        if self.seeds is not None and len(set(self.seeds)) < len(self.seeds):
            raise PydanticCustomError("repeats", "seeds: expected each seed once")
        return self

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """The seeds with which every episode is evaluated."""
        return self.seeds or (self.seed or 0,)

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
