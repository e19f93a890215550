"""The page of compared outputs: the numbers of the comparison, and what is and is not compared."""

import pytest

from tests.cases import SPEC, medsam_job
from tests.report.page.made import embedded, rows_of

STUDY = SPEC.replace("family: lite_medsam", "family: lite_medsam_clicks").replace(
    "modes: [whole_box, each_box]", "modes: [whole_box]\n  - clicks: {{protocol: ritm, max: 3}}"
)


@pytest.fixture
def html(tmp_path, monkeypatch, ran, capfd):
    """The page of two outputs, of which the second has other intensities and one image less."""
    ran(tmp_path, STUDY, cases=8, results="a")
    ran(tmp_path, STUDY, ("minmax", "max"), cases=7, arguments=("--only", "predict"), results="b")
    page = tmp_path / "pages/compared.html"
    assert medsam_job(monkeypatch, "compare", tmp_path / "a", tmp_path / "b", "--all", "--page", page) == 0
    printed = capfd.readouterr()
    assert printed.err.endswith(f"wrote {page}\n")
    return page.read_text(encoding="utf-8"), printed.out


def test_the_page_has_the_changes_and_remarks_that_are_printed(html):
    """Every remark, and the difference over tasks after three clicks."""
    page, printed = html
    assert "b minus a: lite; 14 objects in both with the same truth" in printed
    assert "b minus a: lite; 14 objects in both with the same truth" in page
    assert "not compared, only in a: 1 object of Discs: disc" in page
    rows = rows_of(embedded(page)["changes-by-task-1"])
    wanted = {"measure": "iou", "where": "mean of tasks", "prompting": "3 clicks", "choices": "score"}
    (mean,) = [row for row in rows if wanted.items() <= row.items()]
    assert f"{mean['difference']:+.4f}" in printed


def test_the_page_has_all_measures(html):
    """To choose among; IoU comes first."""
    page, _ = html
    measures = list(dict.fromkeys(row["measure"] for row in rows_of(embedded(page)["changes-by-task-1"])))
    assert measures[0] == "iou"
    assert {"dice", "failures", "AUC@3"} <= set(measures)


@pytest.mark.parametrize(("page", "message"), [
    ("there.pdf", "--page there.pdf: expected a name that ends in .html"),
    ("https://there/page.html", "--page https://there/page.html: expected an address that can be written"),
])  # fmt: skip
def test_a_page_that_cannot_be_is_refused(page, message, tmp_path, monkeypatch, ran, capfd):
    """Before anything is written."""
    for name in "ab":
        ran(tmp_path, results=name)
    assert medsam_job(monkeypatch, "compare", tmp_path / "a", tmp_path / "b", "--page", page) == 2
    assert message in capfd.readouterr().err
