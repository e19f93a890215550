"""The files of one series: those that are no images are left out, and the rest must belong together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from job import storage
from job.datasets.doubt import Doubt
from job.datasets.formats.dicom import headers
from job.datasets.formats.dicom.elements import text
from job.datasets.formats.dicom.headers import Header, NoImageError
from job.datasets.formats.dicom.layout import Layout, layout_of
from job.datasets.sizes import as_text
from job.errors import DataError
from job.storage import FileInfo

READERS = 8  # headers that are read at the same time: a store answers many small requests better so
NAMED = 3  # files and series that a text names


@dataclass(frozen=True, kw_only=True, eq=False)
class Member:
    """A file of a series, with its header. name: how errors tell it from others, "" if it is the only one."""

    file: FileInfo
    name: str
    header: Header
    layout: Layout


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """A series among the files of a folder: what it is called, and the folder with its files alone."""

    modality: str
    number: str
    description: str
    file: FileInfo

    def __str__(self) -> str:
        name = " ".join(filter(None, (self.modality, self.number, self.description))) or "without a name"
        return f"{name} ({len(self.file.members)} files)"


def read_members(file: FileInfo) -> tuple[list[Member], list[Doubt]]:
    """Read the headers of a series, or of one file; raise DataError if it has no images, or those of several series."""
    members, others = _images(file)
    if len(series := _series(file, members)) > 1:
        detail = f"the folder holds {len(series)}: {_some(list(map(str, series)))}; choose one by `series:`"
        raise DataError("several series", detail)
    members, doubled = _distinct(members)
    _check_alike(members)
    doubts = []
    if others:
        detail = f"{len(others)} files are no DICOM images and are left out: {_some(others)}"
        doubts.append(Doubt(reason="other files", detail=detail))
    if doubled:
        detail = f"{doubled} files have the SOPInstanceUID of another; one of each is used"
        doubts.append(Doubt(reason="doubled files", detail=detail))
    return members, doubts


def _images(file: FileInfo) -> tuple[list[Member], list[str]]:
    """Read the headers of all files, and return the images, and which files are none."""
    files = file.members or (file,)
    with ThreadPoolExecutor(READERS) as pool:
        found = list(pool.map(_member if file.members else _only_member, files))
    members = [each for each in found if isinstance(each, Member)]
    if not members:
        raise DataError("no DICOM images", f"none of {len(files)} files is one: {_some(list(map(str, found)))}")
    return members, [each for each in found if isinstance(each, str)]


def _series(file: FileInfo, members: Sequence[Member]) -> list[Found]:
    grouped: dict[str, list[Member]] = {}
    for member in members:
        grouped.setdefault(text(member.header.dataset, "SeriesInstanceUID"), []).append(member)
    return [
        Found(
            modality=text(group[0].header.dataset, "Modality"),
            number=text(group[0].header.dataset, "SeriesNumber"),
            description=text(group[0].header.dataset, "SeriesDescription"),
            file=replace(file, members=tuple(member.file for member in group)),
        )
        for group in sorted(grouped.values(), key=len, reverse=True)
    ]


def _member(file: FileInfo) -> Member | str:
    """Read the header of a file; return its name and what it is if it is no DICOM image."""
    try:
        with named(_short(file)):
            return replace(_only_member(file), name=_short(file))
    except NoImageError as error:
        return f"{_short(file)} ({error.detail})"


@contextmanager
def named(name: str) -> Iterator[None]:
    """Add the name of one of several files to the errors raised inside the block. "" adds none."""
    try:
        yield
    except NoImageError:
        raise
    except DataError as error:
        raise DataError(error.reason, f"{name}: {error.detail}" if name else error.detail) from None


def _only_member(file: FileInfo) -> Member:
    header = headers.read(file)
    return Member(file=file, name="", header=header, layout=layout_of(header, file.size))


def _distinct(members: list[Member]) -> tuple[list[Member], int]:
    """Return one file of each SOPInstanceUID, and how many others there are. Files that differ must not share one."""
    kept: dict[str, Member] = {}
    without = [member for member in members if not text(member.header.dataset, "SOPInstanceUID")]
    for member in members:
        if uid := text(member.header.dataset, "SOPInstanceUID"):
            first = kept.setdefault(uid, member)
            if _identity(first) != _identity(member):
                raise DataError("doubled files", "two files have one SOPInstanceUID, but differ; give each its own")
    return [*kept.values(), *without], len(members) - len(kept) - len(without)


def _identity(member: Member) -> tuple[object, ...]:
    """Return what copies of a file have in common, as far as headers tell."""
    keywords = ("ImagePositionPatient", "InstanceNumber", "AcquisitionTime")
    return member.header.pixels_length, member.layout, *(text(member.header.dataset, each) for each in keywords)


def _check_alike(members: Sequence[Member]) -> None:
    """Raise DataError if slices differ in what a volume has once."""
    for member in members:
        kind = text(member.header.dataset, "ImageType").upper()
        if "LOCALIZER" in kind:
            raise DataError("localizer", "slices of a localizer, which is no volume; choose another series")
        if member.layout.samples != 1 or member.layout.photometric.startswith("PALETTE"):
            detail = f"a volume of colours ({member.layout.photometric}) is not supported; store one number a voxel"
            raise DataError("colour volume", detail)
    _check_same(members, lambda member: as_text((member.layout.rows, member.layout.columns)), "sizes", "rows x columns")
    _check_same(members, lambda member: member.layout.photometric, "kinds of grey", "PhotometricInterpretation")
    frames = {text(member.header.dataset, "FrameOfReferenceUID") for member in members}
    if len(frames) != 1:
        detail = f"{len(frames)} values of FrameOfReferenceUID: the positions do not share an origin"
        raise DataError("several frames of reference", f"{detail}; keep the files of one in a folder")


def _check_same(members: Sequence[Member], value: Callable[[Member], str], what: str, field: str) -> None:
    found = Counter(map(value, members))
    if len(found) > 1:
        texts = [f"{each} ({count} slices)" for each, count in found.most_common()]
        raise DataError(f"several {what}", f"{field}: {_some(texts)}; keep those of one kind in a folder")


def _short(file: FileInfo) -> str:
    return (file.inside or storage.public(file.address)).rpartition("/")[2]


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:NAMED]) + (f" and {len(texts) - NAMED} more" if len(texts) > NAMED else "")
