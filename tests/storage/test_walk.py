"""A listing takes time by the number of folders, whatever the pattern."""

import pytest

from job.storage.walk import Entry, matches


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
