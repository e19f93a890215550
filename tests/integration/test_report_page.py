"""The report in a browser: drawn from one file, sorted, filtered, chosen and saved by mouse and by keyboard."""

import csv
import re

import pyarrow as pa
import pytest
from axe_playwright_python.sync_playwright import Axe

from job.report.page.sections import figures, page
from tests.cases import medsam_job, use_fake_models, write_study
from tests.integration.chromium import opened_browser, opened_page
from tests.report.page.made import HOSTILE, embedded, facts_of, large, rows_of, small

pytestmark = pytest.mark.browser

SCORES = "#table-scores"


@pytest.fixture(scope="module")
def browser():
    """A browser for all tests."""
    with opened_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Reports on disk: of a study with everything, of one with hostile names, and of one object."""
    made = {}
    for name, marts in (("large", large()), ("hostile", large(HOSTILE)), ("small", small())):
        made[name] = tmp_path_factory.mktemp(name) / "report.html"
        made[name].write_text(page(facts_of(marts)), encoding="utf-8")
    return made


@pytest.fixture
def opened(browser, files):
    """The report of the study with everything, and what it complained of."""
    with opened_page(browser, files["large"], viewport={"width": 1100, "height": 900}) as opened:
        yield opened


def column(table, name):
    """Return the texts of a column of a table."""
    heads = [text.strip() for text in table.locator("thead th").all_inner_texts()]
    cells = table.locator(f"tbody td:nth-child({heads.index(name) + 1})")
    return cells.all_inner_texts()


def saved(page, button):
    """Click a button that saves a table, and return the rows of the CSV file."""
    with page.expect_download() as waiting:
        button.click()
    with waiting.value.path().open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def serious(page):
    """Return what axe-core finds to be serious or worse: the rule, and the first element that breaks it."""
    violations = Axe().run(page).response["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in violations if each["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("name", ["large", "hostile", "small"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_opens_from_disk_without_complaint_or_request(name, scheme, browser, files):
    """No message in the console, no script of a name that ran, nothing asked of a network."""
    with opened_page(browser, files[name], color_scheme=scheme) as (_, complaints):
        assert complaints == []


def test_panels_without_an_interval_are_drawn_without_complaint(browser, tmp_path):
    """As of a mean over tasks, one of which has too few patients: their axes are those of the means."""
    marts = large()
    table = marts["measures_overall"]
    for name in ("low", "high"):
        nothing = pa.nulls(len(table), pa.float64())
        table = table.set_column(table.schema.get_field_index(name), name, nothing)
    file = tmp_path / "report.html"
    file.write_text(page(facts_of({**marts, "measures_overall": table})), encoding="utf-8")
    with opened_page(browser, file) as (_, complaints):
        assert complaints == []


def test_the_page_of_a_comparison_opens_and_is_accessible(browser, tmp_path, monkeypatch):
    """Two studies on disk, compared from the command line."""
    use_fake_models(monkeypatch)
    spec, file = write_study(tmp_path), tmp_path / "compared.html"
    for name in "ab":
        assert medsam_job(monkeypatch, spec, "--output", tmp_path / name) == 0
    assert medsam_job(monkeypatch, "compare", tmp_path / "a", tmp_path / "b", "--page", file) == 0
    with opened_page(browser, file) as (page, complaints):
        assert complaints == []
        assert serious(page) == []
        assert page.locator("#figure-changes-by-task-1 .mark-symbol.role-mark path").count() > 0


def test_every_figure_is_drawn(opened):
    """With marks in it."""
    page, _ = opened
    names = [figure.name for figure in figures(facts_of(large()))]
    assert page.locator("[data-figure]").evaluate_all("all => all.map(one => one.id)") == [
        f"figure-{name}" for name in names
    ]
    for name in names:
        assert page.locator(f"#figure-{name} svg path, #figure-{name} svg line, #figure-{name} svg rect").count() > 10


def test_a_column_sorts_its_table_up_and_down(opened):
    """As the head says to a screen reader."""
    page, _ = opened
    table = page.locator(f"{SCORES} table")
    head = table.locator("th", has_text="mean IoU")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    up = [float(text) for text in column(table, "mean IoU")]
    assert up == sorted(up)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert [float(text) for text in column(table, "mean IoU")] == up[::-1]


def test_the_keyboard_sorts_filters_and_opens(opened):
    """Enter on a head, words in the filter, Enter on what opens a table."""
    page, _ = opened
    head = page.locator(f"{SCORES} th", has_text="model").first
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    page.locator(f"{SCORES} input").focus()
    page.keyboard.type("ritm 4 clicks")
    assert set(column(page.locator(f"{SCORES} table"), "model")) == {"ritm"}
    page.locator("#figure-iou-by-task > details > summary").focus()
    page.keyboard.press("Enter")
    page.locator("#figure-iou-by-task table tbody tr").first.wait_for()


def test_the_first_tab_leads_past_the_headings(opened):
    """To the results."""
    page, _ = opened
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the results"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_filter_keeps_the_rows_with_all_its_words(opened):
    """And says how many they are."""
    page, _ = opened
    page.locator(f"{SCORES} input").fill("sam ORACLE")
    status = page.locator(f"{SCORES} [role=status]").inner_text()
    rows = page.locator(f"{SCORES} tbody tr").all_inner_texts()
    assert rows
    assert all("sam" in row and "oracle" in row for row in rows)
    assert status.startswith(f"{len(rows)} of ")


def test_a_choice_draws_the_figure_and_its_table_anew(opened, files):
    """Of the rows that have the chosen value."""
    page, _ = opened
    rows = rows_of(embedded(files["large"].read_text(encoding="utf-8"))["iou-by-task"])
    before = page.locator("#figure-iou-by-task svg.marks").first.inner_html()
    page.locator("#figure-iou-by-task > details > summary").click()
    page.locator("#figure-iou-by-task select").select_option("whole_box")
    expected = [row for row in rows if row["prompting"] == "whole_box"]
    page.wait_for_selector(f"#figure-iou-by-task[data-drawn='{len(expected)}']")
    assert page.locator("#figure-iou-by-task svg.marks").first.inner_html() != before
    table = page.locator("#figure-iou-by-task table")
    assert column(table, "mean IoU") == [f"{row['mean_iou']:.4f}" for row in expected]


def test_hovering_tells_the_numbers(opened, files):
    """Those of a row of the summary."""
    page, _ = opened
    rows = rows_of(embedded(files["large"].read_text(encoding="utf-8"))["iou-by-task"])
    means = {f"{row['mean_iou']:.4f}" for row in rows}
    page.locator("#figure-iou-by-task .mark-symbol.role-mark path").first.hover()
    tip = page.locator("#vg-tooltip-element")
    tip.wait_for(state="visible")
    assert re.search(r"mean IoU\s+([\d.]+)", tip.inner_text())[1] in means


def test_hovering_leaves_out_what_a_row_lacks(browser, files):
    """Of one object there is no interval, and no published mean."""
    with opened_page(browser, files["small"], viewport={"width": 1100, "height": 900}) as (page, _):
        page.locator("#figure-iou-by-task .mark-symbol.role-mark path").first.hover()
        tip = page.locator("#vg-tooltip-element")
        tip.wait_for(state="visible")
        assert "median" in tip.inner_text()
        assert "null" not in tip.inner_text()
        assert "from" not in tip.inner_text()


@pytest.mark.parametrize(("kind", "start"), [("SVG", b"<svg"), ("PNG", b"\x89PNG")])
def test_a_figure_is_saved_as_a_file(kind, start, opened):
    """As it is drawn."""
    page, complaints = opened
    with page.expect_download() as waiting:
        page.locator("#figure-iou-by-task button", has_text=kind).click()
    assert waiting.value.suggested_filename == f"iou-by-task.{kind.lower()}"
    assert waiting.value.path().read_bytes().startswith(start)
    assert complaints == []


def test_a_table_is_saved_as_csv_with_all_digits(opened, files):
    """The numbers of the summary, not those that are shown."""
    page, _ = opened
    head, *lines = saved(page, page.locator(f"{SCORES} button", has_text="Save"))
    rows = rows_of(embedded(files["large"].read_text(encoding="utf-8"))["scores"])
    assert [float(line[head.index("mean_iou")]) for line in lines] == [row["mean_iou"] for row in rows]


def test_no_cell_of_a_csv_begins_a_formula(browser, files):
    """Names that begin like one get an apostrophe; negative numbers stay numbers."""
    with opened_page(browser, files["hostile"]) as (page, _):
        head, *lines = saved(page, page.locator("#table-data button", has_text="Save"))
        assert {line[head.index("task")] for line in lines} == {'"><b onclick="alert(2)">', "'=1+1", "'@sum"}
        page.locator("#figure-differences > details > summary").click()
        head, *lines = saved(page, page.locator("#figure-differences button", has_text="CSV"))
        assert any(float(line[head.index("difference")]) < 0 for line in lines)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(scheme, browser, files):
    """With all tables open: names, roles, contrast, order of headings."""
    with opened_page(browser, files["large"], color_scheme=scheme) as (page, _):
        page.evaluate("document.querySelectorAll('figure > details').forEach(one => { one.open = true; })")
        page.wait_for_selector("#figure-published table")
        assert serious(page) == []


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("name", ["large", "hostile"])
def test_the_page_is_as_wide_as_its_window(name, width, browser, files):
    """Also on a phone: tables scroll in themselves, figures shrink."""
    with opened_page(browser, files[name], viewport={"width": width, "height": 800}) as (page, _):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("svg.marks").evaluate_all("all => Math.max(...all.map(e => e.clientWidth))") <= width


def test_a_figure_follows_its_window(opened):
    """It is drawn anew where the window becomes narrower."""
    page, _ = opened
    page.set_viewport_size({"width": 500, "height": 800})
    page.wait_for_function("document.querySelector('#figure-iou-by-click svg.marks').clientWidth < 500")


def test_on_paper_the_page_is_light_and_without_controls(browser, files):
    """Also from a dark screen."""
    with opened_page(browser, files["large"], color_scheme="dark") as (page, _):
        page.emulate_media(media="print")
        assert not page.locator("nav").is_visible()
        assert not page.locator("#figure-iou-by-task select").is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        title = "document.querySelector('#figure-iou-by-click .role-axis-title text')"
        page.wait_for_function(f"getComputedStyle({title}).fill === 'rgb(26, 29, 33)'")
