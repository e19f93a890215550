"""What the page of a folder on a web server lists."""

import pytest

from job.storage.walk import http_entries


class Page:
    """A server whose page has these links."""

    def ls(self, folder, detail):
        """Return the links as fsspec does, which lets them change between http and https."""
        return [{"name": f"{scheme}://host/set/{name}"} for scheme, name in (("http", "a.png"), ("https", "b.png"))]


@pytest.mark.parametrize(
    ("folder", "names"), [("https://host/set", ["b.png"]), ("http://host/set", ["a.png", "b.png"])]
)
def test_no_link_leads_from_tls_to_none(folder, names):
    """The other way is right."""
    assert [entry.name for entry in http_entries(Page(), folder)] == names
