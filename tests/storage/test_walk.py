"""A listing takes time by the number of folders, whatever the pattern; and the links of a web server's page."""

import pytest

from job.storage.walk import Entry, http_entries, matches


class Tree:
    """Folders in folders, `depth` deep, each with two folders and a file. `looks` counts how often one was read."""

    def __init__(self, depth):
        self.depth = depth
        self.looks = 0

    def __call__(self, folder):
        self.looks += 1
        file = Entry("a.png", f"{folder}/a.png", is_folder=False)
        if folder.count("/") > self.depth:
            return [file]
        return [file, *(Entry(name, f"{folder}/{name}", is_folder=True) for name in "xy")]


@pytest.mark.parametrize("pattern", ["**/**/**/**/**/**/*.png", "**/*/**/*/**/*/**/*.png"])
def test_each_folder_is_read_once_for_each_place_in_the_pattern(pattern):
    """There are 511 folders. The ways through several `**` are many thousands."""
    tree = Tree(depth=8)
    found = {entry.path for entry in matches(tree, "/r", pattern)}
    shallowest = pattern.split("/").count("*") + 2
    assert tree.looks <= 511 * (pattern.count("/") + 2)
    assert len(found) == sum(1 << level for level in range(9) if level + 2 >= shallowest)


def test_two_wildcards_across_folders_are_as_one():
    """`**` may stand for no folder."""
    assert matches(Tree(2), "/r", "**/**/*.png") == matches(Tree(2), "/r", "**/*.png")


def test_a_tree_may_be_deeper_than_python_calls():
    """One folder in another, two thousand times."""

    def read(folder):
        depth = folder.count("/")
        return [Entry("a.png", f"{folder}/a.png", False)] if depth == 2000 else [Entry("x", f"{folder}/x", True)]

    (found,) = matches(read, "/r", "**/*.png")
    assert found.path == "/r" + 1999 * "/x" + "/a.png"


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
