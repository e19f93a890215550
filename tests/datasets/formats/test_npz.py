"""NumPy archives as MedSAM and MedSegBench store them: stacks and pictures, nothing unpickled, nothing unbounded."""

from __future__ import annotations

import io
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from job.datasets.formats import npz_pictures
from job.datasets.formats.elements import elements
from job.datasets.formats.volumes import read_header
from job.errors import DataError
from job.storage import FileInfo
from job.study.files import split_inside
from tests.datasets.formats.phantom import phantom, stored
from tests.datasets.make import MAX_PX, write
from tests.datasets.volumes import local
from tests.datasets.volumes import read_file as read

STACK = stored(phantom(), "SPL")[0]


def saved(path: Path, packed: bool = True, **arrays: Any) -> Path:
    """Save arrays as NumPy does; objects are pickled."""
    (np.savez_compressed if packed else np.savez)(path, **arrays)
    return path


def named(path: Path, name: str = "") -> FileInfo:
    """Return a file, or an array in it."""
    return replace(local(path), inside=name)


def zipped(path: Path, data: bytes, name: str = "imgs.npy", method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write an archive of one file."""
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(name, data)
    return path


def array(header: str, values: bytes = b"", version: int = 1, length: int | None = None) -> bytes:
    """Return a .npy file by hand. length: of the header, as it claims."""
    text = header.encode().ljust(118) + b"\n"
    size = (len(text) if length is None else length).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + text + values


class Trap:
    """Unpickled, it would create a file."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("unpickled"),)


@pytest.mark.parametrize("packed", [False, True])
def test_a_case_of_medsam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    """`imgs` by default, `gts` by name; `boxes`, an array of objects, is not loaded. Slices stay as they are stored."""
    monkeypatch.chdir(tmp_path)
    objects = np.array([{"z_min": Trap()}], object)
    path = saved(tmp_path / "a.npz", packed, imgs=STACK * 9, gts=STACK, spacing=[1.5, 1.5, 3.0], boxes=objects)
    for name, factor in (("", 9), ("imgs", 9), ("gts", 1)):
        volume = read(named(path, name))
        assert np.array_equal(volume.values_XYZ, phantom() * factor)
        assert not volume.header.oriented
        assert list(volume.header.grid.spacing("axial")) == [1.5, 1.5, 3.0]
    with pytest.raises(DataError, match="holds object"):
        read(named(path, "boxes"))
    assert not Path("unpickled").exists()
    assert pickle.dumps(Trap())  # it would have been


@pytest.mark.parametrize("spacing", [[3.0, 1.5, 1.5], [1.0, 2.0, 3.0], [np.nan] * 3, [1, 1, np.inf], [0, 0, 1], [1, 2]])
def test_a_spacing_of_an_unknown_order_is_not_used(tmp_path: Path, spacing: list[float]) -> None:
    """MedSAM writes columns, rows, slices. Where rows and columns differ, the order may be another."""
    header = read_header(named(saved(tmp_path / "a.npz", imgs=STACK, spacing=spacing)))
    assert not header.spaced
    assert [doubt.reason for doubt in header.doubts] == ["spacing unknown"]


def test_a_set_of_medsegbench(tmp_path: Path) -> None:
    """Several arrays, of which the address names one; a file that names none lists them."""
    path = saved(tmp_path / "a.npz", train_images=STACK, train_label=STACK > 0, test_images=STACK)
    assert read(named(path, "train_label")).values_XYZ.dtype == np.uint8
    for name in ("", "nothing"):
        with pytest.raises(DataError, match="train_images, train_label, test_images") as caught:
            read(named(path, name))
        assert caught.value.reason == "array missing"


def test_the_only_array_needs_no_name(tmp_path: Path) -> None:
    """Beside a spacing and boxes."""
    path = saved(tmp_path / "a.npz", gts=STACK, spacing=[1, 1, 1], boxes=np.zeros((1, 4)))
    assert np.array_equal(read(named(path)).values_XYZ, phantom())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("case#1.npz#gts", ("case#1.npz", "gts")),
        ("A.NPZ#imgs[*]", ("A.NPZ", "imgs[*]")),
        ("{image}#gts", ("{image}", "gts")),
        ("masks/{name}#gts", ("masks/{name}", "gts")),
        ("#.npz.png", ("#.npz.png", "")),
        ("a.npz#b.png/c.png", ("a.npz#b.png/c.png", "")),
        ("{stem}#1", ("{stem}#1", "")),
    ],
)
def test_only_what_follows_an_archive_names_an_array(address: str, expected: tuple[str, str]) -> None:
    """Any other sharp is part of the name of a file or folder."""
    assert split_inside(address) == expected


@pytest.mark.parametrize("channels", [(), (3,)], ids=["grey", "RGB"])
def test_each_element_of_an_array_is_an_image(tmp_path: Path, channels: tuple[int, ...]) -> None:
    """As MedSegBench stores a set: pictures along the first axis."""
    values = np.arange(12 * 4 * 6 * (3 if channels else 1), dtype=np.uint16).reshape(12, 4, 6, *channels)
    found = list(elements(named(saved(tmp_path / "a.npz", imgs=values), "imgs[*]")))
    assert [suffix for suffix, _ in found] == [f"/{number:02}" for number in range(12)]
    for (_, file), expected in zip(found, values, strict=True):
        assert np.array_equal(npz_pictures.picture(file, MAX_PX).values, expected)
        assert npz_pictures.picture_size(file) == (4, 6)


@pytest.mark.parametrize("dtype", ["?", "u1", "<i2", ">i2", "<u4", "<i8", "<f2", ">f4", "<f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_types_and_orders_in_memory(tmp_path: Path, dtype: str, order: Any) -> None:
    """Booleans and half floats are widened; the byte order becomes the machine's."""
    values = np.asarray(STACK.astype(dtype), order=order)
    volume = read(named(saved(tmp_path / "a.npz", imgs=values)))
    widened = {"?": "u1", "<f2": "f4"}.get(dtype, np.dtype(dtype).newbyteorder("=").str)
    assert volume.values_XYZ.dtype == widened
    assert volume.header.value_bytes == np.dtype(widened).itemsize
    assert np.array_equal(volume.values_XYZ, phantom().astype(dtype))


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 3)])
def test_pictures(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """Grey or RGB. They are no volume."""
    values: NDArray[Any] = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    path = saved(tmp_path / "a.npz", imgs=values, gts=values)
    for name in ("", "gts"):
        assert np.array_equal(npz_pictures.picture(named(path, name), MAX_PX).values, values)
    with pytest.raises(DataError, match="that of a picture"):
        read_header(named(path))
    with pytest.raises(DataError, match="too large"):
        npz_pictures.picture(named(path), 23)


def test_a_stack_is_no_picture(tmp_path: Path) -> None:
    """And four axes are neither."""
    for values in (STACK, np.zeros((2, 4, 6, 3), np.uint8)):
        path = saved(tmp_path / "a.npz", imgs=values)
        with pytest.raises(DataError, match=r"expected \(rows, columns\)"):
            npz_pictures.picture(named(path), MAX_PX)
    with pytest.raises(DataError, match="no stack"):
        read_header(named(path))


SHAPE = "'fortran_order': False, 'shape': (2, 2, 2)"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (array(f"{{'descr': '|u1', {SHAPE}}}", bytes(7)), "declares 2 x 2 x 2"),
        (array(f"{{'descr': '|u1', {SHAPE}}}", bytes(9)), "declares 2 x 2 x 2"),
        (array("{'descr': '|u1', 'fortran_order': False, 'shape': (99999, 99999, 99999)}"), "declares 99999"),
        (array("{'descr': '|u1', 'fortran_order': False, 'shape': (2, -2, -2)}", bytes(8)), "shape"),
        (array("{'descr': '|u1', 'fortran_order': False, 'shape': (0, 2, 2)}"), "shape"),
        (array("{'descr': '|u1', 'fortran_order': False, 'shape': ()}", bytes(1)), "shape"),
        (array(f"{{'descr': '|O', {SHAPE}}}", bytes(64)), "holds object"),
        (array(f"{{'descr': '<c8', {SHAPE}}}", bytes(64)), "holds complex64"),
        (array(f"{{'descr': [('a', '<i2')], {SHAPE}}}", bytes(16)), "holds"),
        (array(f"{{'descr': '|u1', {SHAPE}}}", bytes(8), version=3), "version"),
        (array(f"{{'descr': '|u1', {SHAPE}}}", bytes(8), version=2, length=1 << 31), "archive"),
        (array("{'descr': " + "-" * 90 + "1}"), "archive"),
        (array("__import__('os').system('true')"), "archive"),
        (b"\x93NUMPY", "archive"),
        (b"", "archive"),
    ],
)
def test_lies_in_the_header_of_an_array(tmp_path: Path, data: bytes, what: str) -> None:
    """Each is refused before memory is taken."""
    with pytest.raises(DataError, match=what):
        read(named(zipped(tmp_path / "a.npz", data)))


def test_a_bomb_of_a_header(tmp_path: Path) -> None:
    """NumPy would read the 64 MB that it claims before it refuses them."""
    data = array("", bytes(1 << 26), version=2, length=1 << 26)
    with pytest.raises(DataError):
        read_header(named(zipped(tmp_path / "a.npz", data)))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressions_that_numpy_does_not_write(tmp_path: Path, method: int) -> None:
    """A block of them may unpack to any size."""
    buffer = io.BytesIO()
    np.save(buffer, STACK)
    with pytest.raises(DataError, match="packed"):
        read_header(named(zipped(tmp_path / "a.npz", buffer.getvalue(), method=method)))


@pytest.mark.parametrize("packed", [False, True])
def test_every_truncated_or_damaged_archive_is_unreadable(tmp_path: Path, packed: bool) -> None:
    """An archive's list is its end; a checksum covers the values."""
    whole = saved(tmp_path / "a.npz", packed, imgs=STACK).read_bytes()
    for length in range(0, len(whole), 7):
        with pytest.raises(DataError):
            read(local(write(tmp_path / "b.npz", whole[:length])))
    for at in range(40, len(whole), 11):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        write(tmp_path / "c.npz", bytes(damaged))
        try:
            assert np.array_equal(read(local(tmp_path / "c.npz")).values_XYZ, phantom())  # a date, for example
        except DataError:
            continue


def test_a_remote_archive(tmp_path: Path) -> None:
    """Its list lies at its end, so that it is read whole."""
    import fsspec

    data = saved(tmp_path / "a.npz", imgs=STACK).read_bytes()
    fsspec.filesystem("memory").pipe_file("/npz/a.npz", data)
    assert read_header(FileInfo(address="memory://npz/a.npz", size=len(data), version="")).grid.shape_XYZ == (12, 16, 5)
