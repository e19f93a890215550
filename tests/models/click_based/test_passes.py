"""Which inputs share a pass."""

from job.models.click_based.passes import PASS_PX, equal, similar

ANY = 10**12
SIDE = 400


def test_equal_sizes_share_a_pass():
    """In the order of their first appearance."""
    assert equal([(2, 3), (3, 2), (2, 3)], ANY) == [[0, 2], [1]]


def test_a_pass_of_equal_sizes_is_limited():
    """At most two inputs of 6 pixels fit into 17; one input has a pass in any case."""
    assert equal([(2, 3)] * 5, 17) == [[0, 1], [2, 3], [4]]
    assert equal([(2, 3)] * 2, 5) == [[0], [1]]


def test_similar_sizes_share_a_pass():
    """Padding costs less than another pass."""
    assert [sorted(indices) for indices in similar([(SIDE, 351), (SIDE, 348), (SIDE, 352)], ANY)] == [[0, 1, 2]]


def test_landscape_and_portrait_are_apart_if_padding_costs_more_than_a_pass():
    """Thirty inputs of each kind would be padded to six times their pixels."""
    sizes = [(60, SIDE), (SIDE, 60)] * 30
    assert [sorted(indices) for indices in similar(sizes, ANY)] == [list(range(0, 60, 2)), list(range(1, 60, 2))]
    assert len(similar(sizes[:4], ANY)) == 1


def test_a_large_image_does_not_pad_many_small_ones():
    """Each of them would have the pixels of the large one."""
    assert similar([(256, 256)] * 3 + [(2048, 2048)] + [(256, 256)] * 3, ANY) == [[0, 1, 2, 4, 5, 6], [3]]


def test_a_pass_of_similar_sizes_is_limited():
    """Padding counts; one input has a pass in any case."""
    sizes = [(SIDE, 300 + n) for n in range(10)]
    passes = similar(sizes, 4 * SIDE * 310)
    assert sorted(index for indices in passes for index in indices) == list(range(10))
    assert all(len(indices) * SIDE * max(sizes[i][1] for i in indices) <= 4 * SIDE * 310 for indices in passes)
    assert len(passes) == 3
    assert similar(sizes[:2], 1) == [[1], [0]]


def test_the_cost_is_least():
    """Of all divisions into runs of neighbours, none is cheaper."""
    sizes = [(40 * (n + 1), SIDE) for n in range(9)]

    def cost(passes):
        return sum(PASS_PX + len(p) * max(sizes[i][0] for i in p) * SIDE for p in passes)

    def divisions(begin):
        if begin == len(sizes):
            yield []
        for end in range(begin + 1, len(sizes) + 1):
            yield from ([list(range(begin, end)), *rest] for rest in divisions(end))

    assert cost(similar(sizes, ANY)) == min(map(cost, divisions(0)))


def test_the_order_of_requests_decides_only_between_equals():
    """The same sizes in another order have the same passes."""
    sizes = [(SIDE, 10 * n) for n in range(1, 40)]
    reverse = similar(sizes[::-1], 3 * SIDE**2)
    assert [[38 - i for i in indices] for indices in reverse] == similar(sizes, 3 * SIDE**2)


def test_no_inputs_have_no_pass():
    """Neither rule fails."""
    assert equal([], ANY) == similar([], ANY) == []
