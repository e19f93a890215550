"""The pages of the documentation are all listed. `make docs` checks their links."""

from pathlib import Path

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def test_every_measurement_is_in_the_list():
    """By the heading of its page."""
    listed = (BENCHMARKS / "README.md").read_text()
    pages = [page for page in BENCHMARKS.glob("*.md") if page.name != "README.md"]
    titles = {page.name: page.read_text().splitlines()[0].removeprefix("# ") for page in pages}
    assert [name for name, title in titles.items() if f"- [{title}]({name})\n" not in listed] == []
