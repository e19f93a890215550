"""The study spec: typed and frozen, unknown keys refused. Each default is written once, where its field is declared."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from job.study import families
from job.study.dataset import Dataset
from job.study.families import Model
from job.study.prompts import Prompts
from job.study.report import Report
from job.study.statistics import Statistics
from job.study.strict import Address, Device, FileName, Seed, Strict

Precision = Literal["fp32", "bf16", "fp16"]


class Execution(Strict):
    """Where and how the job runs. Only `precision`, `compile` and `batch` can change a row."""

    device: Device = "auto"
    precision: Literal["auto"] | Precision = "auto"
    """`auto`: fp32, unless records of all weights show that a lower precision changes IoU by less than 0.002."""
    precision_records: Address | None = None
    """Your own records of what lower precision costs, a JSON file: `python -m benchmarks.precision --record FILE`."""
    compile: Literal["auto", "on", "off"] = "auto"
    """Whether torch compiles SAM's image encoder; `auto` on a GPU."""
    chunk: Annotated[int, Field(ge=1)] = 64
    """Raw slices, or images, in one unit of work."""
    batch: Literal["auto"] | Annotated[int, Field(ge=1)] = "auto"
    """Prompts in one call of the model."""
    max_image_px: Annotated[int, Field(ge=1)] = 100_000_000
    """Images with more pixels are left out before they are decoded."""
    cache_gb: Annotated[float, Field(gt=0, le=1_000_000)] = 50.0
    """Maximum size of the local copies of remote inputs and of files in archives, in GB."""
    embeddings: Address | None = None
    """Where to keep the encodings of images, so that a later study of the same images need not make them again."""
    embeddings_gb: Annotated[float, Field(gt=0, le=1_000_000)] = 100.0
    """Maximum size of the stored encodings, in GB. Of SAM and LiteMedSAM in fp32, one takes 4.2 MB."""


class Study(Strict):
    """A whole study."""

    study: FileName
    output: Address | None = None
    """Where to store the results: any fsspec address. Default: ./results/<study>."""
    datasets: Annotated[tuple[Dataset, ...], Field(min_length=1)]
    models: Annotated[tuple[Model, ...], Field(min_length=1)]
    prompts: Annotated[tuple[Prompts, ...], Field(min_length=1)]
    seed: Seed | None = None
    """Seed of the random choices between equally deep pixels, a short form of `seeds: [N]`. Default: 0."""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] | None = None
    """Several seeds, instead of `seed`: the whole study is evaluated once with each."""
    statistics: Statistics = Statistics()
    report: Report = Report()
    execution: Execution = Execution()

    @field_validator("seeds")  # of the field, not of the model, so that a fault has the place of the key
    @classmethod
    def _one_form_of_seed(cls, seeds: tuple[int, ...] | None, others: ValidationInfo) -> tuple[int, ...] | None:
        if seeds is not None and others.data.get("seed") is not None:
            raise PydanticCustomError("one_seed", "expected either seed or seeds, not both")
        if seeds is not None and len(set(seeds)) < len(seeds):
            raise PydanticCustomError("repeats", "expected each seed once")
        return seeds

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """The seeds of the study: every episode is evaluated once with each."""
        return self.seeds or (self.seed or 0,)

    @property
    def output_address(self) -> str:
        """Address of the results."""
        return self.output or f"results/{self.study}"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of specs, for editors, with every family of models that is installed."""
    schema = Study.model_json_schema()
    models = families.schema()
    schema["$defs"] |= models.pop("$defs", {})
    schema["properties"]["models"]["items"] = models
    del schema["$defs"]["ModelSpec"]
    task = schema["$defs"]["Task"]
    short_forms = [form for form in task["properties"]["label"]["anyOf"] if form.get("type") != "null"]
    schema["$defs"]["Task"] = {"anyOf": [*short_forms, task]}  # a validator expands the short forms
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
