"""Whether a mart is what was computed by another route."""

from __future__ import annotations

import numpy as np
import pandas as pd

TOLERANCE = 1e-9


def assert_same(mart: pd.DataFrame, expected: pd.DataFrame, key: list[str], columns: list[str] | None = None) -> None:
    """Raise AssertionError unless a mart has the expected keys, and on each the expected columns; null equals null."""
    columns = [name for name in expected if name not in key] if columns is None else columns
    ours, theirs = (_by_key(frame, key)[columns] for frame in (mart, expected))
    assert len(expected) > 0
    assert set(ours.index) == set(theirs.index)
    for name in columns:
        ours_N, theirs_N = ours[name], theirs[name].reindex(ours.index)
        if theirs_N.dtype == object or isinstance(theirs_N.dtype, pd.StringDtype):
            assert _plain(ours_N) == _plain(theirs_N), name
        else:
            np.testing.assert_allclose(
                ours_N.astype(float), theirs_N.astype(float), rtol=0, atol=TOLERANCE, err_msg=name
            )


def _by_key(frame: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return a frame under its key, which is unique; a null in the key is `over tasks`."""
    keys = [
        tuple("over tasks" if pd.isna(value) else value for value in row) for row in frame[key].itertuples(index=False)
    ]
    assert len(set(keys)) == len(keys)
    return frame.set_index(pd.Index(keys, tupleize_cols=False))


def _plain(values: pd.Series) -> list[object]:
    return [None if pd.isna(value) else value for value in values]
