"""The objects of the gallery: of each task the worst, the median and the best, whatever model one favours."""

import pytest

from tests.statistics.tables import click_rows, iou_row, marts


def chosen(rows):
    """Return kind and image of the objects, the worst first."""
    return [(row["kind"], row["image"]) for row in marts(rows)["gallery_objects"]]


def test_the_worst_the_median_and_the_best_of_five():
    """By IoU; the names are in another order."""
    rows = [iou_row(image=name, iou=iou) for name, iou in zip("edcba", (0.5, 0.1, 0.3, 0.9, 0.7), strict=True)]
    assert chosen(rows) == [("worst", "d"), ("median", "e"), ("best", "b")]


def test_the_median_of_four_is_the_second():
    """The lower of the two in the middle."""
    rows = [iou_row(image=name, iou=iou) for name, iou in zip("abcd", (0.1, 0.2, 0.3, 0.4), strict=True)]
    assert chosen(rows) == [("worst", "a"), ("median", "b"), ("best", "d")]


@pytest.mark.parametrize(("count", "kinds"), [(1, ["only"]), (2, ["worst", "best"])])
def test_an_object_is_there_once(count, kinds):
    """Of one or two there are no three."""
    rows = [iou_row(image=str(number), iou=0.1 + number / 10) for number in range(count)]
    assert [kind for kind, _ in chosen(rows)] == kinds


def test_objects_of_the_same_iou_are_in_the_order_of_their_keys():
    """Whatever the order of the rows."""
    rows = [iou_row(image=name) for name in "cab"]
    assert chosen(rows) == chosen(rows[::-1]) == [("worst", "a"), ("median", "b"), ("best", "c")]


def test_each_model_weighs_the_same():
    """One has two mask choices: (0.9 + 0.5) / 2 and 0.1 give 0.4, which is below 0.45. Row by row it would be 0.5."""
    rows = [
        iou_row(image="a", choice="first", iou=0.9),
        iou_row(image="a", choice="oracle", iou=0.5),
        iou_row(image="a", choice="single", model="n", iou=0.1),
        iou_row(image="b", choice="first", iou=0.45),
        iou_row(image="b", choice="oracle", iou=0.45),
        iou_row(image="b", choice="single", model="n", iou=0.45),
    ]
    assert chosen(rows) == [("worst", "a"), ("best", "b")]


def test_the_last_click_counts_and_modes_do_not():
    """The first clicks and a box would name the other."""
    rows = [
        *click_rows((0.9, 0.2), image="a"),
        *click_rows((0.1, 0.6), image="b"),
        iou_row(image="a", iou=0.9),
        iou_row(image="b", iou=0.1),
    ]
    assert chosen(rows) == [("worst", "a"), ("best", "b")]


def test_an_object_that_a_model_has_not_scored_yet_is_left_out():
    """Its mean would be over fewer models than that of others."""
    rows = [iou_row(image=name, model=model) for name in "ab" for model in "mn"]
    assert chosen([*rows, iou_row(image="c", model="m", iou=0.0)]) == [("worst", "a"), ("best", "b")]


def test_each_task_has_its_own():
    """With the facts by which they were chosen."""
    rows = [iou_row(task, iou, image=image) for task, image, iou in (("t", "a", 0.25), ("u", "a", 0.5), ("u", "b", 1))]
    found = [(row["task"], row["kind"], row["mean_iou"], row["rank"], row["objects"])
             for row in marts(rows)["gallery_objects"]]  # fmt: skip
    assert found == [("t", "only", 0.25, 1, 1), ("u", "worst", 0.5, 1, 2), ("u", "best", 1.0, 2, 2)]
