"""What a graph replays, with a recorder that keeps the call and repeats it; a GPU's recorder needs a GPU."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from job.models import replay
from job.models.replay import Graph, Outputs, Replay, padded


class Recordings:
    """Records a call by its function: a replay computes it again from the same tensors, into the same tensors."""

    def __init__(self) -> None:
        self.calls = 0
        self.replays = 0
        self.error: RuntimeError | None = None

    def __call__(self) -> Callable[[Callable[[], Outputs]], Graph]:
        return self.record

    def record(self, function: Callable[[], Outputs]) -> Graph:
        if self.error:
            raise self.error
        self.calls += 1
        outputs = function()

        def again() -> None:
            self.replays += 1
            for output, computed in zip(outputs, function(), strict=True):
                output.copy_(computed)

        return Graph(again, outputs)


@pytest.fixture
def recordings() -> Recordings:
    return Recordings()


@pytest.fixture
def doubled(recordings: Recordings) -> Replay:
    """Doubles numbers, or with `flag` makes them negative."""
    return Replay(lambda numbers, flag=False: [-numbers if flag else 2 * numbers], recordings)


def test_each_call_has_its_own_result(doubled: Replay) -> None:
    """An output of one call is not changed by the next call of the same form."""
    outputs = [doubled(torch.tensor([float(number)]))[0] for number in range(5)]
    assert [output.item() for output in outputs] == [0, 2, 4, 6, 8]


def test_the_second_call_of_a_form_is_recorded(doubled: Replay, recordings: Recordings) -> None:
    """A form that occurs once is not worth a graph."""
    for expected in (0, 1, 1, 1):
        doubled(torch.ones(3))
        assert recordings.calls == expected
    assert recordings.replays == 3


@pytest.mark.parametrize("other", [torch.ones(4), torch.ones(3, 1), torch.ones(3, dtype=torch.float64)])
def test_calls_of_other_shapes_or_dtypes_have_graphs_of_their_own(doubled: Replay, other: Tensor) -> None:
    """As their kernels differ."""
    for _ in range(3):
        assert torch.equal(doubled(torch.ones(3))[0], torch.full((3,), 2.0))
        assert torch.equal(doubled(other)[0], 2 * other)


def test_flags_belong_to_the_form(doubled: Replay) -> None:
    """The same numbers are doubled, or made negative."""
    for _ in range(3):
        assert doubled(torch.ones(1))[0].item() == 2
        assert doubled(torch.ones(1), flag=True)[0].item() == -1


def test_a_larger_call_does_not_leave_graphs_with_the_smaller_place(doubled: Replay) -> None:
    """Inputs of any number of rows share one place, which grows."""
    for rows in (2, 2, 5, 5, 2, 2, 5):
        assert torch.equal(doubled(torch.full((rows,), float(rows)))[0], torch.full((rows,), 2.0 * rows))


def test_where_recording_fails_the_function_is_called(doubled: Replay, recordings: Recordings) -> None:
    """For example for want of memory; it is not tried again."""
    recordings.error = RuntimeError("out of memory")
    assert [doubled(torch.ones(1))[0].item() for _ in range(3)] == [2, 2, 2]
    recordings.error = None
    doubled(torch.ones(1))
    assert recordings.calls == 0


def test_forgotten_graphs_are_recorded_again(doubled: Replay, recordings: Recordings) -> None:
    """After memory was short, from the second call on as before."""
    for expected in (1, 2):
        doubled(torch.ones(1))
        doubled(torch.ones(1))
        assert recordings.calls == expected
        Replay.forget_all()


def test_only_so_many_graphs_are_kept(doubled: Replay, recordings: Recordings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images of ever other sizes would fill the memory."""
    monkeypatch.setattr(replay, "MOST", 2)
    for columns in (1, 2, 3, 4):
        for _ in range(2):
            assert doubled(torch.ones(1, columns))[0].sum().item() == 2 * columns
    assert recordings.calls == 2


def test_rows_are_padded_to_eights() -> None:
    """So that a lane from which objects drop out needs few graphs."""
    assert [padded(count) for count in (1, 7, 8, 9, 20, 32)] == [8, 8, 8, 16, 24, 32]
