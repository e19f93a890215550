"""Small files that claim, or unpack to, more than fits in memory are refused by their header, before decoding."""

import contextlib
import gzip
import io
import lzma
import resource
import struct
import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image

from job import memory
from job.datasets import fit, layers
from job.datasets import load as load_module
from job.datasets.check import check_headers, raw_slices
from job.datasets.discover import discover
from job.datasets.formats import nifti
from job.datasets.pattern import Pattern
from job.datasets.template import Files, Template
from job.errors import DataError, MemoryShortageError
from job.storage import FileInfo, InputCache
from tests.datasets.corruption import FORMATS, labels, noise
from tests.datasets.make import MAX_PX, dataset, load, png, write
from tests.datasets.make import nifti as save_volume
from tests.datasets.pictures import read_image
from tests.datasets.volumes import read_volume

HUGE = 100_000
MEGABYTE = bytes(1 << 20)


def little(data: bytes, *fields: tuple[int, str, int]) -> bytes:
    """Return a file with little-endian numbers put into it. fields: offset, format, value."""
    changed = bytearray(data)
    for offset, form, value in fields:
        struct.pack_into(f"<{form}", changed, offset, value)
    return bytes(changed)


def tiff(entries: dict[int, int], pixels: bytes) -> bytes:
    """Return a TIFF with one number for each tag; its pixels begin at byte 8."""
    fields = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items()))
    return b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels + struct.pack("<H", len(entries)) + fields + bytes(4)


GREY_TIFF = {256: 16, 257: 16, 258: 8, 259: 8, 262: 1, 277: 1}  # 16 x 16, 8 bits, deflate


def tiled_tiff(side: int, pixels: bytes) -> bytes:
    """Return a TIFF of 16 x 16 pixels in a single tile. pixels: of the tile, compressed by zlib."""
    return tiff(GREY_TIFF | {322: side, 323: side, 324: 8, 325: len(pixels)}, pixels)


def images() -> dict[str, bytes]:
    """Return images that claim 100,000 x 100,000 pixels, or as many as the format can state."""
    jpeg = FORMATS["grey.jpg"](noise())
    start = jpeg.index(b"\xff\xc0")
    return {
        "a.png": png([b"\0"], HUGE, 8, 0, height=HUGE),
        "a.jpg": jpeg[: start + 5] + struct.pack(">HH", 65500, 65500) + jpeg[start + 9 :],
        "a.bmp": little(FORMATS["grey.bmp"](noise()), (18, "i", HUGE), (22, "i", HUGE)),
        "a.tif": tiff(GREY_TIFF | {256: HUGE, 257: HUGE, 273: 8, 278: HUGE, 279: 9}, zlib.compress(b"")),
    }


def volumes() -> dict[str, bytes]:
    """Return a NIfTI-1 volume of 32,000 voxels a side, and a NIfTI-2 volume with an axis of 2^40 voxels."""
    nifti_1, nifti_2 = FORMATS["one.nii"](noise()), gzip.decompress(FORMATS["two.nii.gz"](noise()))
    return {
        "a.nii": little(nifti_1, (42, "h", 32000), (44, "h", 32000), (46, "h", 32000)),
        "a.nii.gz": gzip.compress(little(nifti_2, (24, "q", 1 << 40))),
    }


def refusals(folder: Path, name: str, data: bytes) -> list[tuple[str, str]]:
    """Return kind and reason of the ledger's lines, of a check of headers and then of a run."""
    write(folder / "images" / name, data)
    write(folder / "masks" / name, FORMATS["one.nii" if ".nii" in name else "grey.png"](labels()))
    spec, cache = dataset(folder), InputCache(folder / "cache", 1 << 30)
    (source,) = discover(spec)
    lines = check_headers(spec, source, cache, MAX_PX)
    lines += load_module.load(spec, source, None, cache, MAX_PX).left_out
    return [(line.kind, line.reason) for line in lines]


@pytest.mark.parametrize("name", images())
def test_an_image_that_claims_too_many_pixels(tmp_path: Path, name: str) -> None:
    """100,000 x 100,000 pixels in every format that can state such a number."""
    assert refusals(tmp_path, name, images()[name]) == [("error", "too large")] * 2


@pytest.mark.parametrize("name", volumes())
def test_a_volume_that_claims_too_many_voxels(tmp_path: Path, name: str) -> None:
    """More than its file can hold, or an axis with more slices than a plan can list."""
    expected = "unreadable image" if name == "a.nii" else "too large"
    assert refusals(tmp_path, name, volumes()[name]) == [("error", expected)] * 2


def test_an_axis_that_no_plan_can_list_is_refused_when_planning(tmp_path: Path) -> None:
    """The slices in the header of a volume become the chunks of a plan."""
    write(tmp_path / "images/a.nii.gz", volumes()["a.nii.gz"])
    spec = dataset(tmp_path)
    (source,) = discover(spec)
    with pytest.raises(DataError, match="65536 along an axis"):
        raw_slices(spec, source)


def test_a_volume_has_at_most_ten_times_the_allowed_pixels(tmp_path: Path) -> None:
    """Zeros compress well: the size of a file does not bound the memory that it takes."""
    save_volume(tmp_path / "images/a.nii.gz", np.zeros((30, 30, 12), np.uint8))
    save_volume(tmp_path / "masks/a.nii.gz", np.zeros((30, 30, 12), np.uint8))
    for max_px, reasons in ((1079, ["too large"]), (1080, ["no object"])):
        lines = load(dataset(tmp_path), tmp_path, max_px=max_px).left_out
        assert [line.reason for line in lines] == reasons
    (source,) = discover(dataset(tmp_path))
    (line,) = check_headers(dataset(tmp_path), source, InputCache(tmp_path / "cache", 1), 1079)
    assert line.detail.endswith(
        "30 x 30 x 12 voxels; execution.max_image_px allows 1079 pixels, and 10 times as many voxels"
    )


def test_only_few_bytes_may_follow_the_values_of_a_volume(tmp_path: Path) -> None:
    """512 bytes pass; 16 megabytes, packed to kilobytes, are refused once the first megabytes are unpacked."""
    sound = FORMATS["one.nii.gz"](noise())
    assert read_volume(write(tmp_path / "a.nii.gz", sound + gzip.compress(bytes(512)))).values_XYZ.any()
    bomb = write(tmp_path / "b.nii.gz", sound + gzip.compress(MEGABYTE * 16))
    with pytest.raises(DataError, match="bytes follow the values"):
        read_volume(bomb)


def test_values_that_begin_far_behind_the_header_are_refused(tmp_path: Path) -> None:
    """All bytes before them would have to be unpacked."""
    far = little(FORMATS["one.nii"](noise()), (108, "f", 1 << 29)) + MEGABYTE
    with pytest.raises(DataError, match="values begin at byte 536870912"):
        read_volume(write(tmp_path / "a.nii.gz", gzip.compress(far)))


def test_a_small_image_in_a_huge_tile_is_refused(tmp_path: Path) -> None:
    """A TIFF of 16 x 16 pixels has a tile of 400 million pixels, which take 0.4 GB in memory."""
    path = write(tmp_path / "a.tif", tiled_tiff(side=20_000, pixels=zlib.compress(MEGABYTE)))
    with pytest.raises(DataError, match="tiles are 20000 x 20000 pixels"):
        read_image(path, MAX_PX)


@pytest.mark.parametrize("side", [17, 60_000])
def test_a_small_tiff_with_a_larger_jpeg_in_it_is_refused(tmp_path: Path, side: int) -> None:
    """A TIFF of 16 x 16 pixels holds a JPEG whose header states 60,000 x 60,000, which take 3.6 GB in memory."""
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(buffer, "TIFF", compression="jpeg")
    data = buffer.getvalue()
    assert np.array_equal(read_image(write(tmp_path / "a.tif", data), MAX_PX).values, np.zeros((16, 16)))
    frame = data.index(b"\xff\xc0") + 5
    larger = data[:frame] + struct.pack(">HH", side, side) + data[frame + 4 :]
    with pytest.raises(DataError, match="holds another JPEG"):
        read_image(write(tmp_path / "b.tif", larger), MAX_PX)


def progressive(scans: int) -> bytes:
    """Return a progressive JPEG of 16 x 16 pixels, with its last scan repeated."""
    buffer = io.BytesIO()
    Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    last = data.rindex(b"\xff\xda")
    written = data.count(b"\xff\xda")
    return data[:-2] + data[last:-2] * (scans - written) + data[-2:]


@pytest.mark.parametrize(("scans", "is_read"), [(10, True), (100, True), (101, False), (50_000, False)])
def test_a_jpeg_of_many_scans_is_refused(tmp_path: Path, scans: int, is_read: bool) -> None:
    """Each scan of some bytes passes over all pixels: 259 kB took a minute."""
    path = write(tmp_path / "a.jpg", progressive(scans))
    if is_read:
        assert read_image(path, MAX_PX).values.shape == (16, 16)
        return
    with pytest.raises(DataError, match="a JPEG of over 100 scans"):
        read_image(path, MAX_PX)


def test_scans_are_counted_in_the_picture_alone(tmp_path: Path) -> None:
    """Not in a comment before it, nor in what follows its end, such as the film of a phone's moving picture."""
    data, noise_ = progressive(6), b"\xff\xda" * 1000
    comment = b"\xff\xfe" + (2 + len(noise_)).to_bytes(2, "big") + noise_
    path = write(tmp_path / "a.jpg", data[:2] + comment + data[2:] + noise_)
    assert read_image(path, MAX_PX).values.shape == (16, 16)


@pytest.mark.parametrize(("compression", "packer"), [(8, zlib.compressobj(9)), (34925, lzma.LZMACompressor(preset=0))])
def test_a_strip_is_unpacked_no_further_than_its_image(tmp_path: Path, compression: int, packer: Any) -> None:
    """Behind a header of 16 x 16 pixels lie 256 MB. They are never in memory."""
    strip = b"".join(packer.compress(MEGABYTE) for _ in range(256)) + packer.flush()
    entries = GREY_TIFF | {259: compression, 273: 8, 278: 16, 279: len(strip)}
    path = write(tmp_path / "a.tif", tiff(entries, strip))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with contextlib.suppress(DataError):
        assert read_image(path, MAX_PX).values.shape == (16, 16)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


@pytest.mark.parametrize(("side", "max_px"), [(256, 300), (2048, 300), (3000, 9_000_000)])
def test_a_tile_may_be_larger_than_its_image(tmp_path: Path, side: int, max_px: int) -> None:
    """Tiles of up to 2048 x 2048 pixels, and of up to the allowed number of pixels, are decoded."""
    path = write(tmp_path / "a.tif", tiled_tiff(side, zlib.compress(bytes(side * side))))
    assert read_image(path, max_px).values.shape == (16, 16)


def test_thousands_of_frames_are_not_counted(tmp_path: Path) -> None:
    """To count 20,000 frames takes long, because Pillow compares each with all before it."""
    entry = struct.pack("<HHHII", 1, 256, 4, 1, 16)
    frames = 20_000
    chain = b"".join(entry + struct.pack("<I", 8 + (n + 1) * 18 if n + 1 < frames else 0) for n in range(frames))
    first = tiff(GREY_TIFF | {273: 8, 278: 16, 279: 9}, zlib.compress(bytes(256)))
    data = first[:-4] + struct.pack("<I", len(first)) + chain
    with pytest.raises(DataError, match="found more"):
        read_image(write(tmp_path / "a.tif", data), MAX_PX)


def test_too_little_memory_is_not_an_error_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Like an unavailable store, it may be gone on another machine: the chunk stays open."""
    write(tmp_path / "images/a.png", FORMATS["grey.png"](noise()))

    def exhausted(image: Image.Image) -> Any:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "load", exhausted)
    (source,) = discover(dataset(tmp_path))
    with pytest.raises(MemoryShortageError, match=r"a.png: memory ran out while this image was read"):
        layers.read_image(dataset(tmp_path), source, InputCache(tmp_path / "cache", 1), MAX_PX)


def test_a_name_of_equal_letters_is_matched_at_once() -> None:
    """Twelve wildcards could share 250 letters in more ways than there are atoms; the first place of each will do."""
    text, name = "*a" * 12 + "b", "a" * 250
    assert Pattern(text + ".png").fields(f"{name}.png") is None
    assert Pattern("{x}a" + text + ".png").fields(f"{name}b.png") == {"x": "a"}
    template = Template(text + "{stem}.png", Pattern("*.png"))
    files = Files({path: FileInfo(address=path, size=1, version="") for path in (f"{name}1.png", f"{name}b1.png")})
    assert [file.address for file in template.find(files, {"stem": "1"})] == [f"{name}b1.png"]


@pytest.mark.parametrize(("dtype", "slope", "needed"), [(np.uint8, None, 1), (np.uint8, 0.5, 8), (np.float32, None, 4)])
def test_a_volume_that_does_not_fit_into_memory_is_named_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: Any, slope: float | None, needed: int
) -> None:
    """Its header tells the size and the number type; values that it scales become float64."""
    volume = nibabel.Nifti1Image(np.ones((20, 30, 40), dtype), np.eye(4))
    volume.header.set_slope_inter(slope, 0 if slope else None)
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
        nibabel.save(volume, tmp_path / folder / "a.nii.gz")
    spec, cache = dataset(tmp_path), InputCache(tmp_path / "cache", 1 << 30)
    (source,) = discover(spec)
    monkeypatch.setattr(fit, "SLABS", 0)
    monkeypatch.setattr(fit, "SMALL", 0)
    monkeypatch.setattr(nifti, "read_values", None)
    monkeypatch.setattr(memory, "available", lambda: needed * 20 * 30 * 40 - 1)
    (line,) = check_headers(spec, source, cache, MAX_PX)
    assert (line.kind, line.reason) == ("error", "too little memory")
    with pytest.raises(MemoryShortageError, match=r"images/a.nii.gz: needs about .* to be read, .* are available"):
        load_module.load(spec, source, None, cache, MAX_PX)
    monkeypatch.setattr(memory, "available", lambda: needed * 20 * 30 * 40)
    assert check_headers(spec, source, cache, MAX_PX) == []


def test_a_picture_that_does_not_fit_into_memory_is_named_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three copies of its values, and three bytes a pixel for RGB."""
    path = write(tmp_path / "a.png", FORMATS["grey.png"](noise()))
    pixels = read_image(path, MAX_PX).values.size
    monkeypatch.setattr(fit, "SMALL", 0)
    monkeypatch.setattr(memory, "available", lambda: 6 * pixels)
    assert read_image(path, MAX_PX).values.size == pixels
    monkeypatch.setattr(memory, "available", lambda: 6 * pixels - 1)
    with pytest.raises(MemoryShortageError, match="needs about"):
        read_image(path, MAX_PX)
