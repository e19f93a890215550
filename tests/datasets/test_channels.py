"""Three files as the red, green and blue of one image: pictures and volumes, each channel by its own rule."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from job.datasets.check import check_headers
from job.datasets.discover import discover
from job.datasets.source import Source
from job.errors import PairingError
from job.plan.chunks import chunks
from job.storage import InputCache
from tests.datasets.make import MAX_PX, PLACED, dataset, grey, ledger, load, nifti, numbered, save, square, stored_as

ORIENTATION = 274  # the tag of EXIF
RGB = {"red": "{image}", "green": "t2", "blue": "flair"}
FACTORS = {"t1": 1, "t2": 10, "flair": 100}


def pictures(folder, changes=(), **keys):
    """Save three pictures of one case, and return their data set. changes: others in place of the pictures."""
    images = {name: grey() for name in FACTORS} | dict(changes)
    for name, values in images.items():
        if values is not None:
            save(folder / f"c_{name}.png", values)
    save(folder / "c_seg.png", square())
    return of_folder(folder, ".png", **keys)


def volumes(folder, changes=(), **keys):
    stored = {name: (numbered() * factor, PLACED) for name, factor in FACTORS.items()} | dict(changes)
    for name, (values, affine) in stored.items():
        nifti(folder / f"c_{name}.nii.gz", values, affine)
    nifti(folder / "c_seg.nii.gz", (numbered() > 100).astype(np.uint8), stored["t1"][1])
    return of_folder(folder, ".nii.gz", **keys)


def of_folder(folder, ending, **keys):
    channels = {"red": "{image}"} | {
        colour: f"{folder}/{{case}}_{name}{ending}" for colour, name in (("green", "t2"), ("blue", "flair"))
    }
    addresses = {"images": f"{folder}/{{case}}_t1{ending}", "masks": f"{folder}/{{case}}_seg{ending}"}
    return dataset(folder, **({"channels": channels, "intensity": {"scale": "minmax"}} | addresses | keys))


def errors(data, folder):
    """Return reason and detail of the errors of a run, and check that `validate` sees the same in the headers."""
    cache = InputCache(folder / "cache", 1 << 30)
    (source,) = discover(data)
    seen = [(line.reason, line.detail) for line in check_headers(data, source, cache, MAX_PX)]
    run = [(line.reason, line.detail) for line in load(data, folder).left_out if line.kind == "error"]
    assert set(seen) <= set(run) or not run
    return run


def test_three_pictures_become_one(tmp_path):
    """Each is stretched by its own minimum and maximum."""
    values = {"t2": 5 + grey() // 2, "flair": grey()[::-1].copy()}
    (sample,) = load(pictures(tmp_path, values), tmp_path).samples
    for channel, stored in enumerate((grey(), values["t2"], values["flair"])):
        scaled = (stored.astype(float) - stored.min()) / (stored.max() - stored.min()) * 255
        assert np.array_equal(sample.image_HWC[..., channel], scaled.astype(np.uint8))
    assert sample.intensity == "rgb(minmax/slice, minmax/slice, minmax/slice)"
    assert sample.image == "c_t1.png"


def test_three_volumes_become_one(tmp_path):
    """A channel ten times as bright is as bright as the first: no channel's units count in another."""
    loaded = load(volumes(tmp_path), tmp_path)
    assert loaded.samples
    for sample in loaded.samples:
        red, green, blue = np.moveaxis(sample.image_HWC, -1, 0)
        assert np.array_equal(red, green)
        assert np.array_equal(red, blue)
        assert len(np.unique(red)) > 10


def test_a_channel_that_is_stored_in_another_order_is_turned(tmp_path):
    """Its header says where its voxels lie."""
    order = {
        name: stored_as(numbered() * factor, codes)
        for (name, factor), codes in zip(FACTORS.items(), ("RAS", "LPI", "SAR"), strict=True)
    }
    for sample in load(volumes(tmp_path, order), tmp_path).samples:
        assert (sample.image_HWC == sample.image_HWC[..., :1]).all()


def test_each_channel_has_its_own_rule(tmp_path):
    """Three windows of one file: 0 to 12, 6 to 18, 12 to 24."""
    windows = {colour: {"intensity": {"window": [centre, 12]}} for colour, centre in zip(RGB, (6, 12, 18), strict=True)}
    (sample,) = load(pictures(tmp_path, channels=windows), tmp_path).samples
    for channel, lower in enumerate((0, 6, 12)):
        expected = np.clip((grey().astype(float) - lower) / 12, 0, 1) * 255
        assert np.array_equal(sample.image_HWC[..., channel], expected.astype(np.uint8))
    assert sample.intensity == "rgb(window(6,12)/slice, window(12,12)/slice, window(18,12)/slice)"


def test_levels_of_a_volume_are_those_of_each_channel(tmp_path):
    """`per: volume`: in the first slice nothing reaches white."""
    data = volumes(tmp_path, intensity={"scale": "max", "per": "volume"}, slices={"keep": "all"})
    highest = [sample.image_HWC.max(axis=(0, 1)).tolist() for sample in load(data, tmp_path).samples]
    assert highest[-1] == [255, 255, 255]


def test_volumes_of_a_fourth_axis_are_channels(tmp_path):
    """As the Decathlon stores its brains: one file, four sequences."""
    stored = np.stack([numbered(), numbered() * 3, numbered()[::-1], numbered()], axis=-1)
    nifti(tmp_path / "c_t1.nii.gz", stored)
    nifti(tmp_path / "c_seg.nii.gz", (numbered() > 100).astype(np.uint8))
    channels = {colour: {"channel": number} for colour, number in zip(RGB, (1, 0, 2), strict=True)}
    data = of_folder(tmp_path, ".nii.gz", channels=channels, channel=0)
    for sample in load(data, tmp_path).samples:
        assert np.array_equal(sample.image_HWC[..., 0], sample.image_HWC[..., 1])
        assert not np.array_equal(sample.image_HWC[..., 0], sample.image_HWC[..., 2])


def test_a_picture_in_colours_is_no_channel(tmp_path):
    """One whose three channels are equal is grey."""
    assert load(pictures(tmp_path, {"t2": np.dstack([grey()] * 3)}), tmp_path).samples
    colours = np.dstack([grey(), grey(), 1 + grey()])
    ((reason, detail),) = errors(pictures(tmp_path, {"t2": colours}), tmp_path)
    assert reason == "colour channel"
    assert "c_t2.png" in detail


MOVED = PLACED + np.array([[0, 0, 0, 0.5]] + [[0, 0, 0, 0]] * 3)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((numbered()[:3], PLACED), "size mismatch"),
        ((numbered(), MOVED), "affines differ"),
        ((numbered(), PLACED @ np.diag([-1.0, 1, 1, 1])), "affines differ"),
    ],
)
def test_channels_of_another_geometry_are_refused(tmp_path, change, reason):
    """Half a voxel, a turn or another size: nothing is resampled. `validate` says the same from the headers."""
    ((found, detail),) = errors(volumes(tmp_path, {"flair": change}), tmp_path)
    assert found == reason
    assert "c_flair.nii.gz" in detail


def test_pictures_of_another_size_are_refused(tmp_path):
    """The line names the channel's file."""
    ((reason, detail),) = errors(pictures(tmp_path, {"t2": grey(4, 5)}), tmp_path)
    assert (reason, detail) == ("size mismatch", f"{tmp_path}/c_t2.png: the image is 4 x 6, the green channel 4 x 5")


def test_a_missing_channel_is_named(tmp_path):
    """With the address where it was looked for."""
    ((reason, detail),) = errors(pictures(tmp_path, {"flair": None}), tmp_path)
    assert (reason, detail) == ("channel missing", f"blue: expected a file at {tmp_path}/c_flair.png")


def test_a_mask_is_no_channel(tmp_path):
    """A slip in a name would show the truth to the models."""
    channels = {"red": "{image}", "green": f"{tmp_path}/{{case}}_seg.png", "blue": "{image}"}
    ((reason, detail),) = errors(pictures(tmp_path, channels=channels), tmp_path)
    assert reason == "mask as a channel"
    assert detail.startswith(f"green: {tmp_path}/c_seg.png is a mask of this image")


def test_two_files_for_one_channel_are_refused(tmp_path):
    """A wildcard that is too wide."""
    data = pictures(tmp_path, channels={"red": "{image}", "green": f"{tmp_path}/{{case}}_*.png", "blue": "{image}"})
    ((reason, detail),) = errors(data, tmp_path)
    assert reason == "several channels"
    assert "c_flair.png" in detail


def test_a_damaged_channel_is_named(tmp_path):
    """Whatever its file holds."""
    data = pictures(tmp_path)
    (tmp_path / "c_t2.png").write_bytes(b"no picture")
    ((reason, detail),) = errors(data, tmp_path)
    assert reason == "unreadable green channel"
    assert "c_t2.png" in detail


@pytest.mark.parametrize("per", ["slice", "volume"])
def test_values_that_a_rule_refuses_are_named_with_their_channel(tmp_path, per):
    """Three rules are at work, and one line says which of them."""
    data = volumes(tmp_path, {"t2": (numbered() - 50.0, PLACED)}, intensity={"scale": "max", "per": per})
    lines = [line for line in load(data, tmp_path).left_out if line.reason == "negative values"]
    assert lines
    assert all(line.detail.startswith("green: minimum -") for line in lines)


def test_a_channel_with_another_orientation_tag_is_doubtful(tmp_path):
    """Viewers would turn it, and not the others."""
    data = pictures(tmp_path)
    tag = Image.Exif()
    tag[ORIENTATION] = 6
    Image.fromarray(grey()).save(tmp_path / "c_t2.png", exif=tag)
    (line,) = load(data, tmp_path).left_out
    assert (line.kind, line.reason) == ("warning", "orientation tags differ")
    assert "c_t2.png: the orientation tag of the image is 1, of the green channel 6" in line.detail


def test_a_channel_that_shows_nothing_is_doubtful(tmp_path):
    """The other two are still seen."""
    loaded = load(pictures(tmp_path, {"flair": np.full_like(grey(), 7)}), tmp_path)
    assert ledger(loaded.left_out) == [(0, None, "warning", "constant blue channel")]
    assert not loaded.samples[0].image_HWC[..., 2].any()


def test_files_of_channels_are_no_images(tmp_path):
    """`images` may match them too. The image itself may be named in place of {image}."""
    data = pictures(
        tmp_path,
        images=f"{tmp_path}/*.png",
        masks=f"{tmp_path}/c_seg.png",
        channels=dict(zip(RGB, (f"{tmp_path}/c_{name}.png" for name in FACTORS), strict=True)),
        only="c_t1.png",
    )
    (sample,) = load(data, tmp_path).samples
    assert sample.image == "c_t1.png"
    wide = pictures(tmp_path, images=f"{tmp_path}/{{case}}_*.png", only="c_t1.png")
    with pytest.raises(PairingError, match="is named as a mask or channel of"):
        discover(wide)


def keys(data, folder):
    (chunk,) = chunks(data, discover(data), 8, InputCache(folder / "cache", 1 << 30), None, MAX_PX)
    return chunk.name


def test_another_channel_is_another_chunk(tmp_path):
    """Changed pixels of any of the three files; another order of them; another rule of one."""
    names = [keys(pictures(tmp_path), tmp_path)]
    names.append(keys(pictures(tmp_path, {"flair": 1 + grey()}), tmp_path))
    swapped = {"green": f"{tmp_path}/{{case}}_flair.png", "blue": f"{tmp_path}/{{case}}_t2.png"}
    names.append(keys(pictures(tmp_path, {"flair": 1 + grey()}, channels={"red": "{image}", **swapped}), tmp_path))
    other = {"file": f"{tmp_path}/{{case}}_t2.png", "intensity": {"scale": "max"}}
    channels = {"red": "{image}", "green": other, "blue": f"{tmp_path}/{{case}}_flair.png"}
    names.append(keys(pictures(tmp_path, {"flair": 1 + grey()}, channels=channels), tmp_path))
    (tmp_path / "c_flair.png").unlink()
    names.append(keys(pictures(tmp_path, {"flair": None}, channels=channels), tmp_path))
    assert len(set(names)) == len(names)


def test_names_of_channels_are_hidden_with_those_of_images(tmp_path):
    """A pseudonym stands for them in the ledger."""
    ((_, detail),) = errors(pictures(tmp_path, {"flair": None}, pseudonymise="a secret of 16 characters"), tmp_path)
    assert "c_flair" not in detail


def test_files_are_listed_once_for_each_colour(tmp_path):
    """In the order of the content keys: image, red, green, blue, masks."""
    (source,) = discover(pictures(tmp_path))
    assert isinstance(source, Source)
    names = [file and file.address.rpartition("_")[2] for file in source.files]
    assert names == ["t1.png", "t1.png", "t2.png", "flair.png", "seg.png"]
    assert replace(source, channels={}).files == (source.files[0], source.files[-1])
