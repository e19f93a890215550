"""The outline of a checkpoint has its keys and shapes; what is damaged or hostile is refused, whatever it demands."""

from __future__ import annotations

import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from job.errors import WeightsError
from job.models.outline import outline

SHARED = torch.arange(24.0).reshape(4, 6)
STATE = {
    "half": torch.ones(2, 3, dtype=torch.float16),
    "row": SHARED[1],
    "transposed": SHARED.T,
    "count": torch.tensor(7),
    "none": torch.zeros(0, 5),
}
formats = pytest.mark.parametrize("zipped", [True, False], ids=["zip format", "legacy format"])


def saved(path: Path, value: Any, *, zipped: bool = True) -> Path:
    torch.save(value, path, _use_new_zipfile_serialization=zipped)
    return path


def archive(path: Path, records: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in records.items():
            file.writestr(f"top/{name}", content)
    return path


@formats
def test_the_outline_has_the_keys_and_shapes_that_torch_reads(tmp_path: Path, zipped: bool) -> None:
    """Also of tensors that share a storage, that are views, and that are empty. None of them has values."""
    path = saved(tmp_path / "model.pth", STATE, zipped=zipped)
    loaded = torch.load(path, weights_only=True)
    assert {key: value.shape for key, value in outline(path).items()} == {k: v.shape for k, v in loaded.items()}
    assert all(value.is_meta for value in outline(path).values())


def test_the_outline_of_safetensors_is_that_of_the_header(tmp_path: Path) -> None:
    """Keys and shapes."""
    save_file({"a": torch.ones(2, 3), "b": torch.ones(4)}, tmp_path / "model.safetensors")
    assert {key: tuple(v.shape) for key, v in outline(tmp_path / "model.safetensors").items()} == {
        "a": (2, 3),
        "b": (4,),
    }


@formats
def test_what_stands_beside_the_weights_is_kept(tmp_path: Path, zipped: bool) -> None:
    """RITM's config is read from there. A state dict of a module has attributes, and its parameters are wrapped."""
    state = torch.nn.Linear(3, 2).state_dict() | {"parameter": torch.nn.Parameter(torch.ones(5))}
    config = {"class": "HRNetModel", "params": {"width": {"value": 18}, "radius": 0.5, "on": True, "x": [1, "é", None]}}
    found = outline(saved(tmp_path / "ritm.pth", {"config": config, "state_dict": state}, zipped=zipped))
    assert found["config"] == config
    assert {key: tuple(value.shape) for key, value in found["state_dict"].items()} == {
        "weight": (2, 3), "bias": (2,), "parameter": (5,),
    }  # fmt: skip


@formats
@pytest.mark.parametrize("missing", [1, 8, 100])
def test_a_file_that_lacks_its_last_bytes_is_refused(tmp_path: Path, zipped: bool, missing: int) -> None:
    """Although its keys and shapes are complete."""
    path = saved(tmp_path / "cut.pth", {"a": torch.ones(50)}, zipped=zipped)
    path.write_bytes(path.read_bytes()[:-missing])
    with pytest.raises(WeightsError, match=r"cut\.pth: damaged, incomplete.*download it again"):
        outline(path)


def test_a_record_of_another_size_than_its_tensor_is_refused(tmp_path: Path) -> None:
    """Torch would take what follows for values."""
    with zipfile.ZipFile(saved(tmp_path / "sound.pth", {"a": torch.ones(50)})) as file:
        records = {name.partition("/")[2]: file.read(name) for name in file.namelist()}
    assert outline(archive(tmp_path / "same.pth", records))["a"].shape == (50,)
    with pytest.raises(WeightsError, match="the record 0 is missing or of another size"):
        outline(archive(tmp_path / "short.pth", records | {"data/0": records["data/0"][:-4]}))
    with pytest.raises(WeightsError, match="records are compressed"):
        outline(archive(tmp_path / "packed.pth", records, zipfile.ZIP_DEFLATED))


def test_a_tensor_beyond_its_storage_is_refused(tmp_path: Path) -> None:
    """Torch would allocate what its shape asks for. BININT1 (K) 50 becomes 51 in the shape alone."""
    path = saved(tmp_path / "large.pth", {"a": torch.ones(50)}, zipped=False)
    content = path.read_bytes()
    assert content.count(b"K2\x85q") == 1
    path.write_bytes(content.replace(b"K2\x85q", b"K3\x85q"))
    with pytest.raises(WeightsError, match="a tensor reaches beyond its storage"):
        outline(path)


HOSTILE = {
    "lists in lists": b"\x80\x02" + b"(" * 300_000 + b"l" * 300_000 + b".",
    "tuples as a key": b"\x80\x02})" + b"\x85" * 300_000 + b"K\x01s.",
    "a list in itself": b"\x80\x02]q\x00h\x00a.",
    "a memo of 4 billion": b"\x80\x02]r\xff\xff\xff\xff.",
    "a text of 8 EiB": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b"x.",
    "bytes of 100 GB": b"\x80\x02cbuiltins\nbytearray\nJ" + struct.pack("<i", 1 << 30) + b"\x85R.",
    "two million instructions": b"\x80\x02" + b"N0" * 1_000_000 + b"}.",
    "an integer of a million digits": b"I" + b"9" * 1_000_000 + b"\n.",
    "an empty stack": b"\x80\x02R.",
    "an object of a dict": b"\x80\x02ccollections\nOrderedDict\n)\x81.",
    "no end": b"\x80\x02}",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_pickle_is_refused(tmp_path: Path, content: bytes) -> None:
    """Whatever it demands: nothing recurses, and no number in it is the size of an allocation."""
    with pytest.raises(WeightsError):
        outline(archive(tmp_path / "bait.pth", {"data.pkl": content}))
    (tmp_path / "bare.pth").write_bytes(content)
    with pytest.raises(WeightsError):
        outline(tmp_path / "bare.pth")


def test_a_state_dict_of_python_2_is_read(tmp_path: Path) -> None:
    """Its keys and values are arguments, not items that are set later."""
    content = b"\x80\x02ccollections\nOrderedDict\n]]q\x00(U\x01aK\x07ea\x85R."
    assert outline(archive(tmp_path / "old.pth", {"data.pkl": content})) == {"a": 7}


def test_plain_values_beside_the_weights_are_no_code(tmp_path: Path) -> None:
    """Such as a dtype, a device and a set. torch accepts them too."""
    values = {"dtype": torch.float16, "device": torch.device("cpu"), "seen": {1, 2}, "size": torch.Size([2, 3])}
    path = saved(tmp_path / "values.pth", values)
    assert torch.load(path, weights_only=True) == values
    assert outline(path).keys() == values.keys()


@pytest.mark.parametrize(
    "name", ["torch.load", "torch.serialization.load", "builtins.eval", "os.system", "torch.hub.load"]
)
def test_a_name_that_is_no_plain_value_is_refused(tmp_path: Path, name: str) -> None:
    """Before torch is asked; the error names it."""
    module, _, function = name.rpartition(".")
    content = f"\x80\x02c{module}\n{function}\nU\x01a\x85R.".encode("latin-1")
    with pytest.raises(WeightsError, match=rf"holds more than plain weights \({name}\)"):
        outline(archive(tmp_path / "code.pth", {"data.pkl": content}))


def test_a_dict_may_hold_itself(tmp_path: Path) -> None:
    """It is no weights, and no endless loop."""
    value: dict[str, Any] = {}
    value["self"] = value
    assert "self" in outline(archive(tmp_path / "loop.pth", {"data.pkl": pickle.dumps(value, protocol=2)}))


@pytest.mark.parametrize("name", ["data.pkl", "other"])
def test_a_zip_that_torch_did_not_write_is_refused(tmp_path: Path, name: str) -> None:
    """Here a header above 16 MB, and none."""
    with pytest.raises(WeightsError, match="damaged, incomplete"):
        outline(archive(tmp_path / "other.pth", {name: bytes((1 << 24) + 1)}))


def test_a_safetensors_header_of_gigabytes_is_refused(tmp_path: Path) -> None:
    """Its length is the first eight bytes."""
    (tmp_path / "bait.safetensors").write_bytes(struct.pack("<Q", 1 << 33) + b"{}")
    with pytest.raises(WeightsError, match="too long to be the header of a checkpoint"):
        outline(tmp_path / "bait.safetensors")
