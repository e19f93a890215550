"""The page as a file: only its own scripts run, names stay text, and nothing is asked of a network."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from job.errors import JobError
from job.report.page import document
from job.report.page.sections import page
from tests.report.page.made import HOSTILE, PLAIN, embedded, facts_of, large, rows_of, small

ADDRESS = re.compile(r"""(?:src|href|action|data|poster)\s*=\s*["']?(?!#)""", re.IGNORECASE)


class Elements(HTMLParser):
    """Collects the elements of a page: name, attributes and text."""

    def __init__(self, html):
        super().__init__()
        self.found, self.is_open = [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append([tag, dict(attrs), ""])
        self.is_open = True

    def handle_endtag(self, tag):
        self.is_open = False

    def handle_data(self, data):
        if self.is_open:
            self.found[-1][2] += data


@pytest.fixture(scope="module")
def hostile():
    """A page whose names hold markup, formulas and control characters."""
    return page(facts_of(large(HOSTILE), study="</title><script>alert(2)</script>"))


@pytest.fixture(scope="module")
def elements(hostile):
    """Its elements."""
    return Elements(hostile).found


def test_only_the_scripts_of_the_page_may_run(elements):
    """The policy names the hash of each; a script that a name brought in would have none."""
    (policy,) = [attrs["content"] for tag, attrs, _ in elements if attrs.get("http-equiv") == "Content-Security-Policy"]
    scripts = [text for tag, attrs, text in elements if tag == "script" and "type" not in attrs]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    assert len(scripts) == 2
    allowed = re.search(r"script-src ([^;]*)", policy)[1].split()
    assert allowed == [f"'sha256-{value}'" for value in hashes]
    assert policy.startswith("default-src 'none';")
    assert "unsafe-eval" not in policy


def test_names_become_no_elements(elements):
    """Neither an image nor a handler of events stands in the page."""
    assert "img" not in {tag for tag, _, _ in elements}
    assert not [name for _, attrs, _ in elements for name in attrs if name.startswith("on")]
    assert next(text for tag, _, text in elements if tag == "title") == "</title><script>alert(2)</script>: report"


def test_names_are_whole_in_the_rows(hostile):
    """Markup as it is; a control character as a sign that can be seen."""
    rows = {name: rows_of(data) for name, data in embedded(hostile).items()}
    assert {row["dataset"] for row in rows["data"]} == set(HOSTILE)
    assert [row["example"] for row in rows["ledger"]] == ["</script><script>alert(4)</script>\u241b[31m\ufffd"]


def test_nothing_is_loaded(elements):
    """No element has an address but those within the page."""
    addresses = [attrs.get(name) for _, attrs, _ in elements for name in ("src", "href", "action", "data", "srcset")]
    assert {address[0] for address in addresses if address} == {"#"}


def test_the_page_is_one_megabyte_of_scripts_and_its_rows():
    """Below ten with 28 tasks of three models."""
    tasks = {f"Set-{n}": ("a", "b", "c", "d") for n in range(7)}
    assert len(page(facts_of(large(tasks, patients=5))).encode()) < 10_000_000
    assert len(page(facts_of(small())).encode()) < 1_500_000


def test_the_page_of_the_same_facts_is_the_same():
    """Byte by byte, so that a page changes only with its results."""
    marts = large(PLAIN)
    assert page(facts_of(marts)) == page(facts_of(marts))


def test_every_address_within_the_page_leads_to_one_place(elements):
    """No two elements have one id, and every link has its element."""
    ids = [attrs["id"] for _, attrs, _ in elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {attrs["href"][1:] for tag, attrs, _ in elements if tag == "a"} <= set(ids)


def test_an_engine_that_dies_is_an_error_and_not_the_end(monkeypatch):
    """It ends its process where memory is short; that is not the one that drew the page."""
    monkeypatch.setattr(document, "BUNDLE", "import os; os.abort()")
    document._bundle.cache_clear()
    with pytest.raises(JobError, match="the scripts of the page could not be made: exit code -6"):
        page(facts_of(small()))
