"""`schema`: the JSON Schema of specs."""

from __future__ import annotations

import json

from job.errors import EXIT_DONE
from job.study import json_schema


def schema() -> int:
    """Print the JSON Schema of specs."""
    print(json.dumps(json_schema(), indent=2))
    return EXIT_DONE
