"""Zarr files, written by zarr-python: versions 2 and 3, plain arrays and OME-Zarr, on a disk, in a store and in zip."""

import json
import random
import shutil
import sys
from contextlib import suppress
from pathlib import Path

import numcodecs
import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

from job import storage
from job.datasets.discover import discover
from job.datasets.formats import zarr_chunks, zarr_store
from job.datasets.formats.volumes import read_header, read_values
from job.errors import DataError
from job.plan.chunks import chunks
from job.storage import FileInfo, InputCache
from tests.datasets.formats.phantom import phantom, stored
from tests.datasets.make import MAX_PX, dataset, load
from tests.datasets.test_archives import packed

STACK = stored(phantom(), "SPL")[0].astype(np.int16)
AXES = [{"name": name, "type": "space", "unit": "millimeter"} for name in "zyx"]
SCALE = [{"type": "scale", "scale": [3.0, 1.0, 1.5]}]


def image_of(axes=AXES, transformations=SCALE, path="0"):
    return [{"axes": axes, "datasets": [{"path": path, "coordinateTransformations": transformations}]}]


def array(folder, name="0", values=STACK, version=3, **keys):
    keys = {"chunks": tuple(min(4, length) for length in values.shape)} | keys
    made = zarr.create_array(
        str(folder), name=name, shape=values.shape, dtype=values.dtype, zarr_format=version, **keys
    )
    made[...] = values


def ome(folder, version=3, values=STACK, **keys):
    """Write an image of OME-Zarr: level 0, and a level of half the size."""
    group = zarr.open_group(str(folder), mode="w", zarr_format=version)
    group.attrs.update(
        {"ome": {"version": "0.5", "multiscales": image_of(**keys)}}
        if version == 3
        else {"multiscales": image_of(**keys)}
    )
    array(folder, "0", values, version)
    array(folder, "1", values[::2, ::2, ::2] if values.ndim == 3 else values, version)
    return folder


def listed(folder, inside=""):
    return zarr_store.with_members(FileInfo(address=f"{folder}/", size=0, version="", inside=inside))


def values_of(file):
    return read_values(file)


@pytest.mark.parametrize("version", [2, 3])
class TestBothVersions:
    def test_an_image_of_ome_zarr_is_its_level_0_with_its_spacing(self, tmp_path, version):
        """The other levels are not even listed."""
        file = listed(ome(tmp_path / "a.zarr", version))
        assert np.array_equal(values_of(file), STACK)
        assert read_header(file).grid.shape_XYZ == STACK.shape[::-1]
        assert zarr_store.read_header(file).spacing_mm == (3.0, 1.0, 1.5)
        assert not any(member.inside.startswith("1/") for member in file.members)

    def test_an_array_is_found_by_its_path(self, tmp_path, version):
        """Also one of a group that is no image; its axes are slices, rows and columns."""
        array(tmp_path / "a.zarr", "deep/er", version=version)
        file = listed(tmp_path / "a.zarr", "deep/er")
        assert np.array_equal(values_of(file), STACK)
        assert zarr_store.read_header(file).spacing_mm is None

    def test_the_root_may_be_the_array(self, tmp_path, version):
        """Then no name is needed."""
        array(tmp_path / "a.zarr", None, version=version)
        assert np.array_equal(values_of(listed(tmp_path / "a.zarr")), STACK)

    @pytest.mark.parametrize("dtype", ["bool", "i1", "u1", "i2", "u4", "i8", "f2", "f4", "f8", ">i2", ">f4"])
    def test_values_are_as_stored(self, tmp_path, version, dtype):
        """Half floats and booleans are widened."""
        values = (STACK * 3).astype(dtype)
        array(tmp_path / "a.zarr", "0", values, version)
        read = values_of(listed(tmp_path / "a.zarr", "0"))
        assert np.array_equal(read, values)
        assert read.dtype.isnative

    def test_what_is_missing_or_is_no_array_is_named(self, tmp_path, version):
        """With the way out."""
        zarr.open_group(str(tmp_path / "a.zarr"), mode="w", zarr_format=version)
        for inside, said in (("", "which array is meant is not stated"), ("none", "no array 'none'")):
            with pytest.raises(DataError, match=said):
                read_header(listed(tmp_path / "a.zarr", inside))

    def test_a_study_reads_it_with_its_labels(self, tmp_path, version):
        """As a folder, in a store and in an archive: the same samples, the same key."""
        root = tmp_path / "set/c1.zarr"
        ome(root, version)
        ome(root / "labels/organ", version, (STACK == 1).astype(np.uint8))
        packed(tmp_path / "set.zip", tmp_path / "set")
        for path in sorted((tmp_path / "set").rglob("*")):
            if path.is_file():
                storage.write(f"memory://{tmp_path}/set/{path.relative_to(tmp_path / 'set')}", path.read_bytes())
        seen = []
        for images in (
            f"{tmp_path}/set/{{case}}.zarr",
            f"memory://{tmp_path}/set/{{case}}.zarr",
            f"{tmp_path}/set.zip#{{case}}.zarr/",
        ):
            data = dataset(tmp_path, images=images, masks="{image}#labels/organ", patient="{case}", tasks={"organ": 1})
            loaded = load(data, tmp_path)
            assert {sample.image for sample in loaded.samples} == {"c1.zarr"}
            assert {sample.spacing for sample in loaded.samples} == {(1.0, 1.5, 3.0)}
            seen.append(
                [
                    (sample.slice, sample.image_HWC.tobytes(), sample.objects[0].truth_HW.tobytes())
                    for sample in loaded.samples
                ]
            )
        assert seen[0]
        assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize(
    "packing",
    [
        {"compressors": None},
        {"compressors": BloscCodec(cname="lz4")},
        {"compressors": BloscCodec(cname="zstd", shuffle="bitshuffle")},
        {"compressors": GzipCodec(level=3)},
        {"compressors": ZstdCodec(level=3)},
        {"compressors": ZstdCodec(level=3, checksum=True)},
        {"chunk_key_encoding": {"name": "v2", "separator": "/"}},
        {"chunk_key_encoding": {"name": "default", "separator": "."}},
        {"zarr_format": 2, "compressors": numcodecs.Zlib(3)},
        {"zarr_format": 2, "compressors": numcodecs.LZ4()},
        {"zarr_format": 2, "compressors": numcodecs.GZip(3)},
        {"zarr_format": 2, "filters": [numcodecs.Delta("i2")], "compressors": numcodecs.Blosc()},
        {"zarr_format": 2, "chunk_key_encoding": {"name": "v2", "separator": "/"}},
        {"zarr_format": 2, "order": "F"},
    ],
)
def test_ways_of_packing(tmp_path, packing):
    """Those that OME-Zarr's writers use."""
    version = packing.get("zarr_format", 3)
    array(
        tmp_path / "a.zarr",
        **{"version": version} | {key: value for key, value in packing.items() if key != "zarr_format"},
    )
    assert np.array_equal(values_of(listed(tmp_path / "a.zarr", "0")), STACK)


def changed(folder, name="0/zarr.json", **keys):
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | keys))
    return listed(folder, "0")


PICKLE = {"id": "pickle", "protocol": 5}
OBJECTS = {"dtype": "|O", "filters": [PICKLE]}


@pytest.mark.parametrize(
    ("name", "keys", "said"),
    [
        (".zarray", {"filters": [PICKLE]}, "packed by pickle"),
        (".zarray", {"compressor": {"id": "json2"}}, "packed by json2"),
        (".zarray", OBJECTS, "packed by pickle"),
        (".zarray", {"dtype": "|O"}, "holds object"),
        (".zarray", {"dtype": "<M8[s]"}, "holds datetime64"),
        ("zarr.json", {"codecs": [{"name": "sharding_indexed", "configuration": {}}]}, "packed by sharding_indexed"),
        ("zarr.json", {"codecs": [{"name": "gzip"}, {"name": "gzip"}]}, "packed by gzip, gzip"),
        ("zarr.json", {"codecs": [{"name": "os.system"}]}, "packed by os.system"),
        ("zarr.json", {"storage_transformers": [{"name": "x"}]}, "which is not read"),
        ("zarr.json", {"data_type": "complex64"}, "holds complex64"),
        ("zarr.json", {"shape": [1 << 40, 4, 4]}, "at most 65536 along an axis"),
        ("zarr.json", {"shape": [4, 4]}, "expected 2 to 5 axes"),
        ("zarr.json", {"shape": "evil"}, "damaged metadata"),
        ("zarr.json", {"shape": [-1, 2, 3]}, "damaged metadata"),
        ("zarr.json", {"codecs": 7}, "damaged metadata"),
        ("zarr.json", {"chunk_grid": None}, "damaged metadata"),
        ("zarr.json", {"node_type": "group"}, "array missing|is a group"),
    ],
)
def test_what_is_not_read_is_refused_by_name(tmp_path, name, keys, said):
    """No codec is looked up that could run code; nothing is allocated for a length that is a lie."""
    array(tmp_path / "a.zarr", version=2 if name == ".zarray" else 3)
    file = changed(tmp_path / "a.zarr", f"0/{name}", **keys)
    with pytest.raises(DataError, match=said):
        read_header(file)


def test_a_pickle_is_never_opened(tmp_path):
    """Objects that zarr-python itself would unpickle."""
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return Path.write_text, (marker, "x")

    array(tmp_path / "a.zarr", version=2, compressors=None)
    for chunk in (tmp_path / "a.zarr/0").glob("[0-9]*"):
        chunk.write_bytes(numcodecs.Pickle().encode(np.array([Evil()], object)))
    file = changed(tmp_path / "a.zarr", "0/.zarray", **OBJECTS)
    with pytest.raises(DataError):
        read_values(file)
    assert not marker.exists()


@pytest.mark.parametrize("compressors", [GzipCodec(), ZstdCodec(), BloscCodec()], ids=["gzip", "zstd", "blosc"])
def test_a_chunk_that_unpacks_to_more_than_a_chunk_is_refused(tmp_path, compressors):
    """A bomb; it is not unpacked."""
    array(tmp_path / "a.zarr", compressors=compressors)
    array(
        tmp_path / "b.zarr",
        values=np.zeros((400, 400, 400), np.int16),
        chunks=(400, 400, 400),
        compressors=compressors,
        config={"write_empty_chunks": True},
    )
    (bomb,) = (path for path in (tmp_path / "b.zarr/0/c").rglob("*") if path.is_file())
    (chunk, *_) = (path for path in (tmp_path / "a.zarr/0/c").rglob("*") if path.is_file())
    shutil.copy(bomb, chunk)
    with pytest.raises(DataError, match="a chunk of 128 bytes unpacks to"):
        values_of(listed(tmp_path / "a.zarr", "0"))


def test_sizes_of_zstandard_frames_are_those_of_the_standard():
    """Each form of the header: RFC 8878."""
    for count in (0, 1, 255, 256, 65535, 65536, 65791, 65792, 1 << 20):
        packed_chunk = numcodecs.Zstd().encode(bytes(count)) if count else bytes.fromhex("28b52ffd2000010000")
        zarr_chunks.check_chunk(packed_chunk, "zstd", count)
        if count:
            with pytest.raises(DataError):
                zarr_chunks.check_chunk(packed_chunk, "zstd", count - 1)


def test_chunks_that_are_not_stored_are_told(tmp_path):
    """They are read as the fill value, as the format has it: also where a copy is not whole."""
    file = listed(ome(tmp_path / "a.zarr"))
    assert "chunks not stored" in [
        doubt.reason for doubt in zarr_store.read_header(file).image_doubts
    ]  # empty ones are left out
    array(tmp_path / "b.zarr", values=STACK + 1)
    assert zarr_store.read_header(listed(tmp_path / "b.zarr", "0")).image_doubts == ()
    next(path for path in (tmp_path / "b.zarr/0/c").rglob("*") if path.is_file()).unlink()
    (doubt,) = zarr_store.read_header(listed(tmp_path / "b.zarr", "0")).image_doubts
    assert doubt.detail.startswith("1 of 24 chunks are not stored")


@pytest.mark.parametrize(
    ("version", "separator", "stray"),
    [(2, "/", "0.0.0"), (2, ".", "0/0/0"), (2, ".", "0.0.99"), (2, ".", "0.0"), (3, "/", "c.0.0.0"), (3, "/", "0.0.0"),
     (3, "/", "c/0/99/0")],
)  # fmt: skip
def test_chunks_that_the_array_does_not_name_are_refused(tmp_path, version, separator, stray):
    """Such as those of another separator than the metadata state: all would be read as the fill value."""
    keys = {"chunk_key_encoding": {"name": "default" if version == 3 else "v2", "separator": separator}}
    array(tmp_path / "a.zarr", version=version, **keys)
    read_header(listed(tmp_path / "a.zarr", "0"))
    place = tmp_path / "a.zarr/0" / stray
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"x")
    with pytest.raises(DataError, match="is no chunk of the array: expected names such as"):
        read_header(listed(tmp_path / "a.zarr", "0"))


def test_channels_and_times_are_axes_of_their_own(tmp_path):
    """One element is left out; of several channels, the spec names one."""
    axes = [{"name": "t", "type": "time"}, {"name": "c", "type": "channel"}, *AXES]
    scale = [{"type": "scale", "scale": [1, 1, 3.0, 1.0, 1.5]}]
    values = np.stack([STACK, STACK * 2])[None]
    ome(tmp_path / "a.zarr", values=values, axes=axes, transformations=scale)
    with pytest.raises(DataError, match="state `channel`, 0 to 1"):
        read_header(listed(tmp_path / "a.zarr"))
    assert np.array_equal(values_of(listed(tmp_path / "a.zarr", "[1]")), STACK * 2)
    assert zarr_store.read_header(listed(tmp_path / "a.zarr", "0[0]")).spacing_mm == (3.0, 1.0, 1.5)
    with pytest.raises(DataError, match="the array has 2"):
        read_header(listed(tmp_path / "a.zarr", "[2]"))
    ome(tmp_path / "b.zarr", values=np.stack([values[0], values[0]]), axes=axes, transformations=scale)
    with pytest.raises(DataError, match="2 elements along the axis t; store the one"):
        read_header(listed(tmp_path / "b.zarr", "[0]"))


def test_a_spec_names_the_channel(tmp_path):
    """Or three of them, as red, green and blue."""
    axes = [{"name": "c", "type": "channel"}, *AXES]
    values = np.stack([STACK, STACK * 2, STACK + 3])
    root = ome(
        tmp_path / "a.zarr", values=values, axes=axes, transformations=[{"type": "scale", "scale": [1, 3.0, 1.0, 1.5]}]
    )
    ome(root / "labels/organ", values=(STACK == 1).astype(np.uint8))
    colours = {colour: {"channel": number} for number, colour in enumerate(("red", "green", "blue"))}
    data = dataset(tmp_path, images=f"{root}", masks="{image}#labels/organ", channel=0, channels=colours)
    loaded = load(data, tmp_path)
    assert loaded.samples
    for sample in loaded.samples:
        assert np.array_equal(sample.image_HWC[..., 0], sample.image_HWC[..., 1])
        assert not np.array_equal(sample.image_HWC[..., 0], sample.image_HWC[..., 2])


@pytest.mark.parametrize(
    ("axes", "spacing"),
    [
        ([{"name": name, "unit": "micrometer"} for name in "zyx"], (0.003, 0.001, 0.0015)),
        ([{"name": name} for name in "zyx"], None),
        (["z", "y", "x"], None),
        ([{"name": name, "unit": "parsec"} for name in "zyx"], None),
        ([{"name": name, "unit": "millimeter"} for name in "xyz"], (1.5, 1.0, 3.0)),
    ],
)
def test_spacing_is_known_where_a_unit_states_it(tmp_path, axes, spacing):
    """In millimetres, for slices, rows and columns, in whatever order the axes are."""
    found = zarr_store.read_header(listed(ome(tmp_path / "a.zarr", axes=axes))).spacing_mm
    assert found == (pytest.approx(spacing) if spacing else None)


def test_axes_are_put_in_the_order_of_slices_rows_and_columns(tmp_path):
    """Whatever their order in the file."""
    axes = [{"name": name, "unit": "millimeter"} for name in "xzy"]
    file = listed(ome(tmp_path / "a.zarr", values=STACK.transpose(2, 0, 1), axes=axes))
    assert np.array_equal(values_of(file), STACK)


@pytest.mark.parametrize("names", ["zyx", "xzy", "XYZ", ("row", "column", "slice"), (None, None, None)])
@pytest.mark.parametrize("version", [2, 3])
def test_an_array_that_names_its_axes_is_put_in_their_order(tmp_path, version, names):
    """As version 3 has it, and xarray beside version 2. Other names say nothing: slices, rows, columns."""
    order = ["zyx".index(str(name).lower()) for name in names if str(name).lower() in "zyx"] or [0, 1, 2]
    keys = {"dimension_names": names} if version == 3 else {"attributes": {"_ARRAY_DIMENSIONS": list(names)}}
    array(tmp_path / "a.zarr", values=STACK.transpose(order), version=version, **keys)
    assert np.array_equal(values_of(listed(tmp_path / "a.zarr", "0")), STACK)


@pytest.mark.parametrize("names", [("z", "row", "column"), ("y", "y", "x")])
def test_names_of_axes_that_leave_a_choice_are_refused(tmp_path, names):
    """Nothing is guessed."""
    array(tmp_path / "a.zarr", dimension_names=names)
    with pytest.raises(DataError, match="expected axes named z, y and x"):
        read_header(listed(tmp_path / "a.zarr", "0"))


def test_an_anatomical_orientation_is_heeded(tmp_path):
    """OME-Zarr's RFC 4."""
    values = ("superior-to-inferior", "anterior-to-posterior", "left-to-right")
    axes = [
        axis | {"orientation": {"type": "anatomical", "value": value}} for axis, value in zip(AXES, values, strict=True)
    ]
    header = read_header(listed(ome(tmp_path / "a.zarr", axes=axes)))
    assert header.oriented
    assert header.grid.codes == "IPR"


def test_the_first_of_several_images_is_used_and_told(tmp_path):
    """As OME-Zarr has it; another is named by its array, and has its own spacing."""
    root = ome(tmp_path / "a.zarr", version=2)
    other = [{"type": "scale", "scale": [7.0, 5.0, 6.0]}]
    array(root, "other", STACK + 1, version=2)
    zarr.open_group(str(root), mode="a").attrs.update(
        {"multiscales": [*image_of(), *image_of(transformations=other, path="other")]}
    )
    header = zarr_store.read_header(listed(root))
    assert np.array_equal(values_of(listed(root)), STACK)
    assert "the first of 2 images" in {doubt.reason: doubt.detail for doubt in header.image_doubts}["several images"]
    named = zarr_store.read_header(listed(root, "other"))
    assert named.spacing_mm == (7.0, 5.0, 6.0)
    assert "several images" not in [doubt.reason for doubt in named.image_doubts]


def test_a_label_that_lies_elsewhere_is_told(tmp_path):
    """By the translations of image and label."""
    ome(tmp_path / "a.zarr")
    ome(tmp_path / "b.zarr", transformations=[*SCALE, {"type": "translation", "translation": [0, 0, 3.0]}])
    data = dataset(tmp_path, images=f"{tmp_path}/a.zarr", masks=f"{tmp_path}/b.zarr", tasks={"organ": 1})
    assert "affines differ" in [line.reason for line in load(data, tmp_path).left_out]


def test_another_chunk_of_a_label_is_another_key(tmp_path):
    """Image and labels lie in one folder, and each has a key of its own."""
    root = ome(tmp_path / "a.zarr")
    ome(root / "labels/organ", values=(STACK == 1).astype(np.uint8))
    data = dataset(tmp_path, images=str(root), masks="{image}#labels/organ", tasks={"organ": 1})
    names = []
    for change in ((), (0, 0, 0), (4, 15, 11)):
        if change:
            zarr.open_array(str(root / "labels/organ/0"))[change] = 1
        cache = InputCache(tmp_path / "cache", 1 << 30)
        names.append(chunks(data, discover(data), 99, cache, None, MAX_PX)[0].name)
    assert len(set(names)) == 3


def test_without_its_package_the_way_out_is_said(tmp_path, monkeypatch):
    """Headers are read without it."""
    file = listed(ome(tmp_path / "a.zarr"))
    monkeypatch.setitem(sys.modules, "zarr", None)
    assert read_header(file)
    with pytest.raises(DataError, match=r"pip install 'medsam-job\[zarr\]'"):
        read_values(file)


def test_a_folder_that_is_no_zarr_file_is_not_listed(tmp_path):
    """And a damaged one is a line of the ledger."""
    (tmp_path / "empty.zarr").mkdir()
    (tmp_path / "bad.zarr").mkdir()
    (tmp_path / "bad.zarr/zarr.json").write_text("{no json")
    data = dataset(tmp_path, images=f"{tmp_path}/*.zarr", masks="{image}#labels/organ")
    (line,) = (line for line in load(data, tmp_path).left_out if line.kind == "error")
    assert (line.image, line.reason) == ("bad.zarr", "unreadable image")
    assert "damaged metadata" in line.detail


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 2**32), version=st.sampled_from([2, 3]), packing=st.sampled_from(["blosc", "gzip", "zstd"]))
def test_changed_bytes_are_refused_or_read(tmp_path, seed, version, packing):
    """Of metadata and chunks; nothing else is raised."""
    three = {"blosc": BloscCodec(), "gzip": GzipCodec(), "zstd": ZstdCodec()}
    two = {"blosc": numcodecs.Blosc(), "gzip": numcodecs.GZip(), "zstd": numcodecs.Zstd()}
    root = tmp_path / "a.zarr"
    shutil.rmtree(root, ignore_errors=True)
    array(root, version=version, compressors=(three if version == 3 else two)[packing])
    rng = random.Random(seed)
    path = rng.choice([each for each in sorted(root.rglob("*")) if each.is_file()])
    content = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 3)):
        content[rng.randrange(len(content))] = rng.choice(b'0123456789"[]{}ntf' if "z" in path.name else range(256))
    path.write_bytes(content)
    file = listed(root, "0")
    with suppress(DataError):
        header = read_header(file)
        if np.prod(header.grid.shape_XYZ) < 1 << 20:
            values_of(file)
