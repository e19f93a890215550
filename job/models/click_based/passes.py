"""Which requests share a pass of the network."""

from __future__ import annotations

from collections.abc import Sequence

Size = tuple[int, int]
"""Rows and columns of a network's input."""

PASS_PX = 4 * 400 * 400
"""A pass takes as long as so many more pixels in another one: the time in which a GPU's kernels are launched. It was 6
(HRNet32) to 12 (HRNet18s) inputs of 400 x 400, so three to six objects with their mirror images, on an H200."""


def equal(sizes: Sequence[Size], most_px: int) -> list[list[int]]:
    """Divide inputs into passes of equal size and at most `most_px` pixels, but of one input at least."""
    groups: dict[Size, list[int]] = {}
    for index, size in enumerate(sizes):
        groups.setdefault(size, []).append(index)
    passes = []
    for (height, width), members in groups.items():
        most = max(1, most_px // (height * width))
        passes += [members[start : start + most] for start in range(0, len(members), most)]
    return passes


def similar(sizes: Sequence[Size], most_px: int) -> list[list[int]]:
    """Divide inputs into passes of similar size, padded to the largest height and width, at least cost.

    The cost is the number of pixels, padding included, and `PASS_PX` for each pass. A pass has at most `most_px`, but
    one input at least. Inputs are in the order of their longer side, then from landscape to portrait: neighbours
    are similar, and a pass is a run of neighbours. The passes depend on the sizes alone, ties on the inputs' order.
    """
    order = sorted(range(len(sizes)), key=lambda i: (max(sizes[i]), sizes[i][0] - sizes[i][1]))
    best: list[tuple[int, int]] = [(0, 0)]  # cost of the first `end` inputs, and where their last pass begins
    for end in range(1, len(order) + 1):
        height = width = 0
        choices: list[tuple[int, int]] = []
        for begin in range(end - 1, -1, -1):
            height, width = max(height, sizes[order[begin]][0]), max(width, sizes[order[begin]][1])
            pixels = (end - begin) * height * width
            if choices and pixels > most_px:
                break
            choices.append((best[begin][0] + PASS_PX + pixels, begin))
        best.append(min(choices))
    passes, end = [], len(order)
    while end:
        begin = best[end][1]
        passes.append(order[begin:end])
        end = begin
    return passes[::-1]
