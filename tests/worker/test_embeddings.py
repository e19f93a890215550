"""A second study over the same images needs no encoder, and has the rows that it would have without the first."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import fsspec
import pyarrow.parquet as pq
import pytest
import torch

from job.models import device as devices
from job.models.protocol import EncodedImage
from job.worker.embeddings import Embeddings, Look
from tests.cases import SPEC, medsam_job, use_fake_models, write_study
from tests.models.fake import FakeModel
from tests.storage.conftest import Flaky

KEPT = SPEC.replace("chunk: 4", "chunk: 4, embeddings: {output}-kept")
THERE = SPEC.replace("chunk: 4", "chunk: 4, embeddings: flaky://kept")
OTHER_PROMPTS = ("modes: [whole_box, each_box]", "modes: [largest_box]")
OTHER_SEED = ("seed: 3", "seed: 8")


class Counting(FakeModel):
    """A fake model whose encodings are worth storing. images: those that it encoded."""

    encoding = "fake 1"
    images = []

    def encode(self, images):
        self.images.extend(images)
        return super().encode(images)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder in which quick models run."""
    Counting.images.clear()
    use_fake_models(monkeypatch, Counting)
    return tmp_path


@pytest.fixture
def run(folder, monkeypatch, capfd):
    """Run a study of three images; return the number of images that were encoded, and what the manifest counts."""

    def run(*changes, output="results", text=KEPT):
        spec = write_study(folder, text=text)
        for old, new in changes:
            assert old in spec.read_text()
            spec.write_text(spec.read_text().replace(old, new))
        Counting.images.clear()
        capfd.readouterr()
        assert medsam_job(monkeypatch, spec, "--only", "predict", "--output", folder / output) == 0
        *_, latest = sorted((folder / output / "manifests").iterdir())
        return len(Counting.images), json.loads(latest.read_text())["embeddings"]

    return run


@pytest.fixture
def warnings(capfd):
    """Return a function that returns the warnings of the last run about embeddings."""

    def warnings():
        lines = map(json.loads, capfd.readouterr().err.splitlines())
        return [line["event"] for line in lines if line["level"] == "warning" and "embedding" in line["event"]]

    return warnings


def counts(hits=0, misses=0, stored=0, unusable=0):
    return {"hits": hits, "misses": misses, "stored": stored, "unusable": unusable}


def entries(folder):
    return sorted((folder / "results-kept").iterdir())


def rows(folder):
    """Return the scores of a study, and the names of its files, which hold a hash of the predictions."""
    scores = pq.read_table(folder / "iou").to_pylist()
    return scores, sorted(path.name for path in (folder / "predictions").iterdir())


def test_a_second_study_of_the_same_images_does_not_encode_them(run, folder):
    """With other prompts and another seed; the manifests of both count it."""
    assert run() == (3, counts(misses=3, stored=3))
    assert len(entries(folder)) == 3
    assert run(OTHER_PROMPTS, OTHER_SEED, output="second") == (0, counts(hits=3))


def test_without_a_place_nothing_is_kept(run, folder):
    """The manifest says that none was asked for."""
    assert run(text=SPEC) == (3, None)
    assert not (folder / "results-kept").exists()


def test_rows_are_the_same_with_stored_encodings_and_without(tmp_path, monkeypatch):
    """Of LiteMedSAM itself, to the last bit, under the same names: parts and predictions."""
    for output, text in (("without", SPEC), ("stored", KEPT), ("read", KEPT)):
        spec = write_study(tmp_path, text=text)
        assert medsam_job(monkeypatch, spec, "--only", "predict", "--output", tmp_path / output) == 0
    assert rows(tmp_path / "read") == rows(tmp_path / "stored") == rows(tmp_path / "without")
    (manifest,) = (tmp_path / "read/manifests").iterdir()
    assert json.loads(manifest.read_text())["embeddings"] == counts(hits=3)


def test_a_missing_image_is_encoded_with_those_of_its_call(run, folder):
    """Their number can change the last bits, so all three are encoded again; what is there is not stored again."""
    run()
    entries(folder)[0].unlink()
    assert run(output="second") == (3, counts(misses=3, stored=1))
    assert run(output="third") == (0, counts(hits=3))


DAMAGE = {
    "a changed byte": lambda data, other: data[:-1] + bytes([data[-1] ^ 1]),
    "cut short": lambda data, other: data[: len(data) // 2],
    "empty": lambda data, other: b"",
    "no entry at all": lambda data, other: b"anything",
    "that of another image": lambda data, other: other,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_is_never_used_and_made_again(run, folder, warnings, damage):
    """Two of them are one warning; the rows are right; the third study finds all entries sound."""
    run()
    expected, (one, two, three) = rows(folder / "results"), entries(folder)
    sound = three.read_bytes()
    for path in (one, two):
        path.write_bytes(damage(path.read_bytes(), sound))
    assert run(output="second") == (3, counts(misses=3, stored=2, unusable=2))
    assert warnings() == ["a stored embedding is damaged: it is made again"]
    assert rows(folder / "second") == expected
    assert run(output="third") == (0, counts(hits=3))


def test_a_full_place_stays_as_it_is(run, folder, warnings):
    """It holds two of the three entries; the study is evaluated whole."""
    run()
    two = sum(path.stat().st_size for path in entries(folder)[:2])
    for path in entries(folder):
        path.unlink()
    bound = ("embeddings:", f"embeddings_gb: {two / 1e9}, embeddings:")
    assert run(bound, output="second") == (3, counts(misses=3, stored=2))
    assert warnings() == ["no more embeddings are stored in this run"]
    assert sum(path.stat().st_size for path in entries(folder)) <= two
    assert rows(folder / "second") == rows(folder / "results")


def test_shards_share_the_bound(folder, monkeypatch):
    """Each of two may store half of it, here one entry and a half."""
    spec = write_study(folder, text=KEPT)
    assert medsam_job(monkeypatch, spec, "--only", "predict") == 0
    size = max(path.stat().st_size for path in entries(folder))
    for path in entries(folder):
        path.unlink()
    spec.write_text(spec.read_text().replace("embeddings:", f"embeddings_gb: {3 * size / 1e9}, embeddings:"))
    assert medsam_job(monkeypatch, spec, "--shard", "0/2", "--output", folder / "second") == 0
    assert medsam_job(monkeypatch, spec, "--shard", "1/2", "--output", folder / "second") == 0
    assert len(entries(folder)) == 1


def test_a_place_that_cannot_be_written_to_does_not_stop_a_study(run, folder, warnings):
    """A file stands in its way: one warning."""
    (folder / "results-kept").write_text("in the way")
    assert run() == (3, counts(misses=3, unusable=1))
    assert warnings() == ["no more embeddings are stored in this run"]


@pytest.fixture
def store(monkeypatch):
    """The class of an empty store that fails on demand."""
    fsspec.register_implementation("flaky", Flaky, clobber=True)
    for kept in (Flaky.store, Flaky.faults, Flaky.calls):
        kept.clear()
    monkeypatch.setattr("job.storage.retry.FIRST_WAIT_S", 0.0)
    return Flaky


@pytest.mark.parametrize(("operation", "misses"), [("cat_file", 3), ("ls", 0)])
def test_a_store_that_refuses_to_read_does_not_stop_a_study(run, warnings, store, operation, misses):
    """Nothing else is asked of it, and there is one warning."""
    assert run(text=THERE) == (3, counts(misses=3, stored=3))
    store.faults[operation] = [PermissionError("no")]
    assert run(text=THERE, output="second") == (3, counts(misses=misses, unusable=1))
    assert warnings() == ["going on without stored embeddings"]
    assert run(text=THERE, output="third") == (0, counts(hits=3))


def test_a_store_that_breaks_off_for_a_moment_is_asked_again(run, warnings, store):
    """As everywhere."""
    run(text=THERE)
    store.faults["cat_file"] = [ConnectionResetError()] * 3
    assert run(text=THERE, output="second") == (0, counts(hits=3))
    assert warnings() == []


class OneByOne(Counting):
    """Encodes a single image in a call. prepared: the images whose encoding was prepared."""

    prepared = []

    def __init__(self, capabilities):
        super().__init__(capabilities)
        self.encode_batch = 1

    def prepare(self, image_HWC):
        self.prepared.append(image_HWC)
        return image_HWC


def test_only_what_is_missing_is_prepared_and_encoded(run, folder, monkeypatch):
    """Here each image is a call of its own."""
    use_fake_models(monkeypatch, OneByOne)
    assert run() == (3, counts(misses=3, stored=3))
    entries(folder)[1].unlink()
    OneByOne.prepared.clear()
    assert run(output="second") == (1, counts(hits=2, misses=1, stored=1))
    assert len(OneByOne.prepared) == 1
    assert rows(folder / "second") == rows(folder / "results")


def test_an_encoding_of_a_smaller_call_is_not_used(run, folder, monkeypatch):
    """Kernels are chosen by the size of a batch."""
    use_fake_models(monkeypatch, OneByOne)
    run()
    use_fake_models(monkeypatch, Counting)
    assert run(output="second") == (3, counts(misses=3, stored=3))


class Short(Counting):
    """Runs out of memory for more than two images."""

    def encode(self, images):
        if len(images) > 2:
            raise torch.OutOfMemoryError("out of memory")
        return super().encode(images)


def test_a_call_that_was_divided_for_want_of_memory_is_not_stored(run, folder, monkeypatch):
    """Its encodings are not those of the whole call."""
    use_fake_models(monkeypatch, Short)
    assert run() == (3, counts(misses=3))


def test_an_encoding_that_waits_for_a_slow_store_makes_the_encoder_wait():
    """Sixteen at most do, so that memory stays bounded; all are stored in the end."""
    release, stored = Event(), []

    class Slow:
        def has(self, name):
            return False

        def add(self, name, data):
            assert release.wait(30)
            stored.append(name)
            return True

    images = [EncodedImage(height=1, width=1, features=torch.ones(1)) for _ in range(40)]
    with ThreadPoolExecutor(1) as readers, ThreadPoolExecutor(1) as writers, ThreadPoolExecutor(1) as encoder:
        embeddings = Embeddings({"m": ""}, torch.device("cpu"), Slow, Counter(), readers, writers)
        look = Look(names=[f"{number:064x}" for number in range(40)], encoded=None)
        keeping = encoder.submit(embeddings.keep, look, images)
        with pytest.raises(TimeoutError):
            keeping.result(0.5)
        release.set()
        keeping.result()
        embeddings.finish()
    assert stored == look.names


def test_models_that_hand_on_the_image_store_nothing(run, folder, monkeypatch):
    """Such as RITM."""
    use_fake_models(monkeypatch, FakeModel)
    assert run()[1] == counts()
    assert not (folder / "results-kept").exists()


def changed_device(monkeypatch, name, value):
    describe = devices.describe
    monkeypatch.setattr(devices, "describe", lambda device: describe(device) | {name: value})


@pytest.mark.parametrize("fact", ["device", "device_name", "torch", "cpu_capability", "threads"])
def test_an_encoding_of_another_kind_of_device_is_not_used(run, monkeypatch, fact):
    """It differs in the last bits, and the row would not say how it was made."""
    run()
    changed_device(monkeypatch, fact, "another")
    assert run(output="second") == (3, counts(misses=3, stored=3))


@pytest.mark.parametrize("fact", ["device_memory_bytes", "threads"])
def test_a_gpu_with_other_memory_or_other_threads_is_of_the_same_kind(run, monkeypatch, fact):
    """Neither changes what it computes."""
    changed_device(monkeypatch, "device", "cuda")
    run()
    changed_device(monkeypatch, fact, "another")
    assert run(output="second") == (0, counts(hits=3))


def test_an_encoding_in_another_precision_is_not_used(run):
    """Nor one by other code of the family, or by other weights."""
    run()
    assert run(("device: cpu", "device: cpu, precision: bf16"), output="second")[0] == 3


@pytest.mark.parametrize("version", ["medsam-job", "the model's preparation", "the weights"])
def test_an_encoding_by_another_version_is_not_used(run, folder, monkeypatch, version):
    """Of the program, of the preparation that the model names, or of the weights."""
    weights = folder / "weights.pth"
    weights.write_bytes(b"one")
    named = ("family: lite_medsam", f"family: lite_medsam\n    checkpoint: {weights}")
    run(named)
    if version == "medsam-job":
        monkeypatch.setattr("job.worker.manifest.__version__", "another")
    elif version == "the weights":
        weights.write_bytes(b"two")
    else:
        monkeypatch.setattr(Counting, "encoding", "fake 2")
    assert run(named, output="second") == (3, counts(misses=3, stored=3))


def test_another_name_of_the_model_finds_its_encodings(run):
    """The name is for people."""
    run()
    assert run(("name: lite", "name: another"), output="second") == (0, counts(hits=3))
