"""The study spec, from YAML to frozen types."""

from job.study.load import LoadedSpec, load, load_bytes, loads
from job.study.study import Study, json_schema
from job.study.yaml_text import MAX_BYTES

__all__ = ["MAX_BYTES", "LoadedSpec", "Study", "json_schema", "load", "load_bytes", "loads"]
