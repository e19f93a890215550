"""The status of a study follows from its plan and the names of the stored files."""

import pytest

from job.audit.status import count_parts, failed_chunks, part_state
from job.plan.file import Chunk, Part, Plan, PlannedModel
from job.results.store import Results


def part(model, chunk):
    return Part(name=f"{model}-{chunk}", chunk=chunk, model=model, block=0, seed=0, episodes=1)


WEIGHTS = PlannedModel(sha256="0" * 64, purpose=None)
PLAN = Plan(
    spec="0" * 24,
    precision="fp32",
    batch=32,
    limit=None,
    models={"sam": WEIGHTS, "ritm": WEIGHTS},
    chunks=tuple(Chunk(name=name, dataset="A", units=()) for name in ("c1", "c2", "c3", "c4")),
    parts=tuple(part(model, chunk) for chunk in ("c1", "c2", "c3", "c4") for model in ("sam", "ritm")),
)


@pytest.fixture
def results(tmp_path):
    """Six parts are not stored in full: c2 is cut short for sam, and c3 and c4 failed, after sam had stored c4."""
    for name in ("sam-c1", "ritm-c1", "sam-c2.partial", "sam-c4", "of-another-plan"):
        path = tmp_path / "iou" / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "failed").mkdir()
    for chunk in ("c3", "c4", "of-another-plan"):
        (tmp_path / f"failed/{chunk}.failed.json").touch()
    return Results(str(tmp_path))


def test_parts_are_counted_by_model_and_state(results):
    """A part of another plan is not counted; what is neither done, partial nor failed is still to do."""
    assert [(row.model, row.planned, row.done, row.partial, row.failed) for row in count_parts(results, PLAN)] == [
        ("sam", 4, 2, 1, 1),
        ("ritm", 4, 1, 0, 2),
    ]


@pytest.mark.parametrize(
    ("stored", "failed", "state"),
    [
        ((), (), "to do"),
        (("sam-c1",), (), "done"),
        (("sam-c1.partial",), (), "partial"),
        (("sam-c1.partial", "sam-c1"), (), "done"),
        ((), ("c1",), "failed"),
        ((), ("c2",), "to do"),
        (("sam-c1",), ("c1",), "done"),
        (("sam-c1.partial",), ("c1",), "partial"),
        (("ritm-c1",), (), "to do"),
    ],
)
def test_the_state_of_a_part_follows_from_what_is_stored(stored, failed, state):
    """A stored part counts more than a failure of its chunk, and a full one more than a partial one."""
    assert part_state(part("sam", "c1"), stored, failed) == state


def test_a_chunk_has_failed_while_one_of_its_parts_is_not_stored(results, tmp_path):
    """Another worker may have stored them since."""
    assert failed_chunks(results, PLAN) == {"c3", "c4"}
    (tmp_path / "iou/ritm-c4.parquet").touch()
    assert failed_chunks(results, PLAN) == {"c3"}


def test_a_study_that_never_ran_has_everything_to_do(tmp_path):
    """An output without any file is no error."""
    counts = count_parts(Results(str(tmp_path)), PLAN)
    assert [(row.planned, row.done, row.partial, row.failed) for row in counts] == [(4, 0, 0, 0)] * 2
