"""Lanes take turns, so that one is on the device while the other is on the host."""

from job.evaluate.lanes import take_turns


def lane(name, turns, log):
    """Yield a row in each turn but the last, and return one."""
    for turn in range(turns - 1):
        log.append(f"{name}{turn}")
        yield [f"row {name}{turn}"]
    log.append(f"{name}{turns - 1}")
    return [f"row {name}{turns - 1}"]


def run(*turns):
    """Run lanes of so many turns; return the turns in order, and the rows."""
    log = []
    rows = list(take_turns(lane(name, number, log) for name, number in zip("ABCD", turns, strict=False)))
    return log, rows


def test_two_lanes_alternate():
    """Neither has two turns in a row while the other has one left."""
    assert run(3, 3)[0] == ["A0", "B0", "A1", "B1", "A2", "B2"]


def test_a_lane_that_ends_gives_its_turn_to_the_next():
    """The device has C's request before anyone waits for B's."""
    assert run(2, 2, 2)[0] == ["A0", "B0", "A1", "C0", "B1", "C1"]


def test_a_lane_alone_has_every_turn():
    """There is nobody to wait for."""
    assert run(3)[0] == ["A0", "A1", "A2"]


def test_every_row_is_yielded_once():
    """Those of each turn, and the last ones."""
    log, rows = run(2, 1, 4, 3)
    assert sorted(rows) == sorted(f"row {turn}" for turn in log)


def test_lanes_begin_when_it_is_their_turn():
    """The third is not made before the first has ended: it would take memory."""
    made = []
    lanes = (made.append(name) or lane(name, 2, []) for name in "ABC")
    rows = take_turns(lanes)
    next(rows)
    assert made == ["A", "B"]


def test_no_lanes_have_no_rows():
    """A chunk may have no object."""
    assert run() == ([], [])
