"""Models on data that they were trained on: marked in every comparison, and told below the tables."""

import pytest

from job.plan.file import PlannedModel
from job.plan.seen import seen_remark
from job.study.facts import Facts
from tests.statistics.tables import iou_row, marts, only, study

VERSUS = study(("A", "B"), compare=("sam", "ritm"))


def models(**trained_on):
    """Return planned models whose weights were trained on the named data sets."""
    return {
        name: PlannedModel(sha256="0" * 64, purpose=None, known=Facts(trained_on=names))
        for name, names in trained_on.items()
    }


def compared(**trained_on):
    rows = [
        iou_row(iou=iou, dataset=dataset, model=model)
        for dataset in ("A", "B")
        for model, iou in (("sam", 0.5), ("ritm", 0.4))
    ]
    return marts(rows, of=VERSUS, models=models(**trained_on))


@pytest.mark.parametrize(
    ("sam", "ritm", "by_a", "by_b"),
    [
        ((), (), None, None),
        (("A",), (), "model", None),
        (("X",), ("B",), None, "baseline"),
        (("A",), ("a",), "both", None),
    ],
)
def test_a_comparison_says_which_side_has_seen_the_data(sam, ritm, by_a, by_b):
    """By data set, so for each of its tasks; names are compared without capitals."""
    tables = compared(sam=sam, ritm=ritm)
    assert {row["dataset"]: row["seen_by"] for row in tables["comparison_by_task"]} == {"A": by_a, "B": by_b}
    assert only(tables["comparison_overall"])["tasks_seen"] == sum(by is not None for by in (by_a, by_b))


def test_the_models_of_a_study_have_their_facts_in_a_table():
    """With the data sets of the study that they have seen, apart from all that they were trained on."""
    facts = Facts(trained_on=("SA-1B", "B", "A"), licence="MIT", citation="Someone 2020", zero_shot=False)
    planned = {"sam": PlannedModel(sha256="1f", purpose=None, known=facts)}
    rows = {row["model"]: row for row in marts([iou_row(model="sam")], of=VERSUS, models=planned)["models"]}
    names = ("trained_on", "zero_shot", "datasets_seen", "licence", "citation")
    assert [rows["sam"][name] for name in names] == ["SA-1B, B, A", False, "A, B", "MIT", "Someone 2020"]
    assert [rows["ritm"][name] for name in names] == [None] * 5


def test_the_remark_names_each_model_with_the_data_that_it_has_seen():
    """Also one of which it is only known that it is not zero-shot."""
    rows = [("sam", "A, B", None), ("own", None, False), ("new", None, True), ("other", None, None)]
    models = [{"model": name, "datasets_seen": seen, "zero_shot": zero_shot} for name, seen, zero_shot in rows]
    remark = seen_remark(models)
    assert remark is not None
    assert remark.startswith("Trained on data of this study: sam (A, B); own (not said which).")
    assert seen_remark(models[2:]) is None
