"""The gallery of the report in a browser: cases are filtered, stepped through by mouse and keyboard, and copied."""

import dataclasses

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from job.report.cases import Click
from job.report.gallery import Exhibit, Gallery, Run, Step, exhibited
from job.report.page.sections import page as html
from tests.integration.chromium import opened_browser, opened_page
from tests.report.page.made import facts_of, small

pytestmark = pytest.mark.browser

EVIL = "</script><img src=x onerror=alert(1)>\"'"
CLICKS = (Click(30, 30, True), Click(44, 30, True), Click(10, 10, False))


def disc(radius, side=64):
    """Return a mask of a disc around (32, 32)."""
    y, x = np.mgrid[:side, :side]
    return np.hypot(y - 32, x - 32) < radius


def run(model, radii, status="ok"):
    """Return clicks of a model whose disc grows; the last has this status."""
    steps = [
        Step(iou=radius / 20, status="ok", mask_HW=disc(radius), clicks=CLICKS[:number])
        for number, radius in enumerate(radii, start=1)
    ]
    return Run(
        way="clicks by ritm",
        model=model,
        mask_choice="single",
        steps=(*steps[:-1], dataclasses.replace(steps[-1], status=status)),
    )


def exhibit(task="A: liver", kind="worst", radii=(5, 8, 12), status="ok", pixels=True):
    """Return an object of two models, one of them with a box, too."""
    box = Run(
        way="whole_box",
        model="sam",
        mask_choice="first",
        steps=(Step(iou=0.75, status="ok", mask_HW=disc(15), boxes=((12, 12, 52, 52),)),),
    )
    return Exhibit(
        task=task,
        kind=kind,
        title=f"{EVIL}, axial slice 3",
        facts="1 px",
        query=f"medsam-job show out \"WHERE task = '{task}'\"",
        truth_HW=disc(20),
        pixels_HWC=np.full((64, 64, 3), 90, np.uint8) if pixels else None,
        runs=(run("ritm", radii, status), run("sam", (19, 19, 19)), box),
    )


EXHIBITS = (
    exhibit(),
    exhibit(kind="best", radii=(16, 17, 18), status="converged"),
    exhibit(task=EVIL, pixels=False),
)


@pytest.fixture(scope="module")
def browser():
    """A browser for all tests."""
    with opened_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A report with three cases."""
    gallery = Gallery(cases=[exhibited(each, 1) for each in EXHIBITS], remarks=["a remark"])
    path = tmp_path_factory.mktemp("gallery") / "report.html"
    path.write_text(html(dataclasses.replace(facts_of(small()), gallery=gallery)), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser, file):
    """The page, and what it complained of."""
    options = {"viewport": {"width": 1100, "height": 900}, "permissions": ["clipboard-read", "clipboard-write"]}
    with opened_page(browser, file, **options) as opened:
        yield opened


def cases(page):
    """Return the cases that are visible."""
    return page.locator("article.case:visible")


def captions(case):
    """Return the captions of a case's pictures, in one line each."""
    return [" ".join(text.split()) for text in case.locator("figcaption").all_text_contents()]


def test_every_case_is_shown_at_its_last_click_and_nothing_is_asked_of_a_network(opened):
    """Names of the data stay text."""
    page, complaints = opened
    assert cases(page).count() == 3
    assert captions(cases(page).first) == ["truth", "ritm single IoU 0.6000", "sam single IoU 0.9500"]
    assert EVIL in cases(page).nth(2).locator("h3").text_content()
    assert complaints == []


def test_the_arrow_keys_step_through_clicks(opened):
    """Where the case has the focus. At the ends nothing more happens."""
    page, _ = opened
    case = cases(page).first
    case.focus()
    page.keyboard.press("ArrowLeft")
    assert captions(case)[1] == "ritm single IoU 0.4000"
    assert case.locator("output").text_content() == "click 2 of 3"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert captions(case)[1] == "ritm single IoU 0.2500"
    page.keyboard.press("ArrowRight")
    assert captions(case)[1] == "ritm single IoU 0.4000"
    assert captions(cases(page).nth(1))[1] == "ritm single IoU 0.9000 (converged)"


def test_buttons_and_the_slider_step_too(opened):
    """A button that leads nowhere is switched off. The slider says clicks and IoU to a screen reader."""
    page, _ = opened
    case = cases(page).first
    less, more = case.get_by_label("One click less"), case.get_by_label("One click more")
    assert more.is_disabled()
    less.click()
    assert case.locator("output").text_content() == "click 2 of 3"
    slider = case.get_by_label("Click", exact=True)
    slider.focus()
    page.keyboard.press("Home")
    assert captions(case)[1] == "ritm single IoU 0.2500"
    assert slider.get_attribute("aria-valuetext") == "click 1 of 3; ritm, single IoU 0.2500; sam, single IoU 0.9500"
    assert less.is_disabled()


def test_clicks_are_marked_by_shape_and_number_up_to_the_step(opened):
    """Discs for positive ones, a square for the negative one."""
    page, _ = opened
    picture = cases(page).first.locator("svg").nth(1)
    shapes = picture.locator("g").evaluate_all("all => all.map(one => one.firstChild.tagName + one.textContent)")
    assert shapes == ["circle1", "circle2", "rect3"]
    cases(page).first.get_by_label("One click less").click()
    assert cases(page).first.locator("svg").nth(1).locator("g").count() == 2


def test_a_picture_has_a_text_alternative(opened):
    """With all that it shows."""
    page, _ = opened
    assert cases(page).first.locator("svg").nth(1).get_attribute("aria-label") == (
        "A: liver: truth, and the prediction of ritm, single after 2 positive and 1 negative clicks: IoU 0.6000"
    )


def test_another_way_of_prompting_can_be_chosen(opened):
    """A box has no steps."""
    page, _ = opened
    case = cases(page).first
    case.get_by_label("Prompts").select_option("whole_box")
    assert captions(case) == ["truth", "sam first IoU 0.7500"]
    assert case.locator(".box").count() == 1
    assert not case.locator("output").is_visible()


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [("task", EVIL, 1), ("kind", "best", 1), ("status", "converged", 1), ("model", "ritm", 3)],
)
def test_a_filter_leaves_the_cases_that_it_names(opened, name, value, left):
    """The number is told, and a button brings all of them back."""
    page, _ = opened
    gallery = page.locator("#gallery")
    gallery.locator(f"select[name={name}]").select_option(value)
    assert cases(page).count() == left
    assert gallery.locator("[data-count]").inner_text() == f"{left} of 3 cases"
    gallery.get_by_role("button", name="Show all").click()
    gallery.get_by_text("3 of 3 cases").wait_for()


def test_a_filter_by_model_leaves_its_pictures_alone(opened):
    """And its IoU decides: SAM's are all above 0.9."""
    page, _ = opened
    gallery = page.locator("#gallery")
    gallery.locator("select[name=model]").select_option("ritm")
    assert captions(cases(page).first) == ["truth", "ritm single IoU 0.6000"]
    gallery.locator("input[name=high]").fill("0.7")
    assert cases(page).count() == 2
    gallery.locator("input[name=low]").fill("0.65")
    assert cases(page).count() == 0


def test_the_query_of_a_case_is_copied(opened):
    """As it stands there."""
    page, _ = opened
    case = cases(page).first
    case.get_by_role("button", name="Copy the query").click()
    case.get_by_text("copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == EXHIBITS[0].query == case.locator("code").text_content()


def test_without_an_image_the_truth_is_the_ground(opened):
    """Masks alone, and a remark says why."""
    page, _ = opened
    assert cases(page).nth(2).locator("image").count() == 0
    assert cases(page).nth(2).locator(".ground").count() == 3
    assert page.locator("#gallery .note").inner_text() == "a remark"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_accessibility_checker_finds_nothing_serious(browser, file, scheme):
    """Axe, in the gallery."""
    with opened_page(browser, file, color_scheme=scheme) as (page, _):
        found = Axe().run(page, context="#gallery").response["violations"]
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("width", [360, 1100])
def test_no_case_is_wider_than_the_window(browser, file, width):
    """On a phone, too."""
    with opened_page(browser, file, viewport={"width": width, "height": 800}) as (page, _):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
