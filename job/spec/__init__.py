"""The study spec, from YAML to frozen types."""

from job.spec.load import LoadedSpec, load, loads
from job.spec.study import Study, json_schema

__all__ = ["LoadedSpec", "Study", "json_schema", "load", "loads"]
