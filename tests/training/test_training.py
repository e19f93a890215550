"""Both trainings reduce the loss, resume where they stopped, and save weights that the models load."""

import argparse
import copy
import csv
import itertools
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from job.errors import JobError, WeightsError
from job.models.checkpoint import read_metadata
from job.models.device import Device
from job.models.lite_medsam import build_lite_medsam
from job.models.ritm.architecture import named_architecture
from job.models.ritm.load import load_ritm
from training.bank import EMBEDDING, Bank, build_bank
from training.clicks_demo import ClicksTask, Decoder
from training.loop import Options, Run, train
from training.objects import ObjectCrops
from training.ritm_demo import RitmTask

CPU = Device(device=torch.device("cpu"))


@pytest.fixture(autouse=True)
def one_thread():
    """One thread, because the tensors are small."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def handlers():
    """Restore the signal handlers that a run replaces."""
    earlier = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in earlier.items():
        signal.signal(number, handler)


@pytest.fixture
def options(tmp_path):
    """Options of a training of two steps."""
    return Options(minutes=None, steps=2, seed=5, out=tmp_path, batch=2, rate=1e-3)


def ritm(side=48, seed=5):
    """Return RITM's training on small crops."""
    return RitmTask(CPU, seed=seed, side=side, arch=named_architecture("hrnet18s"), held_out=2)


class Interrupted(RitmTask):
    """A training that gets SIGTERM in its first step."""

    def __init__(self):
        super().__init__(CPU, seed=5, side=48, arch=named_architecture("hrnet18s"), held_out=2)

    def losses(self, batch, step, progress):
        os.kill(os.getpid(), signal.SIGTERM)
        yield from super().losses(batch, step, progress)


@pytest.fixture(scope="module")
def bank():
    """Two images with random embeddings and one object each."""
    rng = np.random.default_rng(0)
    labels = np.zeros((2, 256, 256), np.uint8)
    labels[0, 40:120, 60:140], labels[1, 100:200, 30:90] = 1, 2
    return Bank(embeddings=rng.normal(0, 0.1, (2, *EMBEDDING)).astype(np.float16), labels=labels)


@pytest.fixture(scope="module")
def lite():
    """LiteMedSAM with random weights: its prompt encoder and decoder have the real shapes."""
    torch.manual_seed(0)
    return build_lite_medsam()


def clicks(bank, lite):
    """Return LiteMedSAM's training with a copy of its decoder."""
    return ClicksTask(CPU, 5, Decoder(copy.deepcopy(lite)), bank, bank)


def learn(task, batch, rounds, rate, step=0):
    """Train on the same batch repeatedly, and return the loss of the first round of each episode."""
    optimiser = torch.optim.AdamW(task.network.parameters(), lr=rate)
    losses = []
    for _ in range(rounds):
        loss = next(task.losses(batch, step, 0.0))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def test_ritm_learns_a_batch():
    """Twenty steps on the same crops and clicks reduce the loss by a fifth."""
    task = ritm(side=64)
    losses = learn(task, [task.data[index] for index in range(4)], rounds=20, rate=1e-3)
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])


def test_lite_medsam_learns_a_batch(bank, lite):
    """Twelve steps on the same objects reduce the loss of prompt encoder and mask decoder by a tenth."""
    task = clicks(bank, lite)
    losses = learn(task, [task.data[index] for index in range(2)], rounds=12, rate=5e-4)
    assert np.mean(losses[-3:]) < 0.9 * np.mean(losses[:3])


@pytest.mark.parametrize("step", range(6))
def test_every_kind_of_episode_has_a_loss_for_each_round(bank, lite, step):
    """The steps cover one point, several points and boxes, with and without mask input. Gradients reach the decoder."""
    task = clicks(bank, lite)
    batch = [task.data[index] for index in range(2)]
    for loss in itertools.islice(task.losses(batch, step, 0.5), 2):
        loss.backward()
        assert torch.isfinite(loss)
    assert task.network.mask_decoder.mask_tokens.weight.grad.abs().sum() > 0


def test_a_resumed_run_equals_one_that_never_stopped(options):
    """A run that is stopped after every step has the same weights to the last bit."""
    Run(ritm(), replace(options, out=options.out / "whole", steps=3)).go()
    for step in range(3):
        run = Run(ritm(), replace(options, out=options.out / "cut", steps=3))
        assert run.step == step
        run.ask_to_stop()
        run.go()
    ends = [load_file(options.out / name / "weights.safetensors") for name in ("whole", "cut")]
    assert all(torch.equal(ends[0][key], ends[1][key]) for key in ends[0])


def test_a_finished_run_is_not_continued(options, capsys):
    """A second call reports that the run is done, and does not change the weights."""
    Run(ritm(), options).go()
    before = (options.out / "weights.safetensors").read_bytes()
    Run(ritm(), options).go()
    assert "already done: step 2" in capsys.readouterr().out
    assert (options.out / "weights.safetensors").read_bytes() == before


def test_curves_have_a_row_for_each_evaluation(options):
    """A row has step, minutes, loss and IoU after 1, 3 and 5 clicks. A step that is run again has a single row."""
    Run(ritm(), options).go()
    (options.out / "last.pt").unlink()
    Run(ritm(), options).go()
    with (options.out / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["1", "2"]
    assert list(rows[0]) == ["step", "minutes", "loss", "iou_1", "iou_3", "iou_5"]


def test_the_weights_of_ritm_load_as_a_checkpoint(options):
    """The file is below 10 MB, and RITM's model can be built from it."""
    Run(ritm(), options).go()
    file = options.out / "weights.safetensors"
    assert file.stat().st_size < 10_000_000
    assert load_ritm(file, "hrnet18s", CPU).capabilities.points


def test_the_weights_of_clicks_fit_lite_medsam(options, bank, lite):
    """They are only prompt encoder and mask decoder, with names and shapes of the whole checkpoint, below 10 MB."""
    Run(clicks(bank, lite), replace(options, steps=1)).go()
    file = options.out / "weights.safetensors"
    assert file.stat().st_size < 10_000_000
    saved, whole = load_file(file), lite.state_dict()
    assert {key.split(".")[0] for key in saved} == {"prompt_encoder", "mask_decoder"}
    assert all(saved[key].shape == whole[key].shape for key in saved)
    assert not any("image_encoder" in key for key in saved)


def test_a_bank_is_resumed_where_it_stopped(tmp_path, lite):
    """Images that are already embedded are not embedded again."""

    class Counting:
        encoded = 0

        def prepare(self, image_HWC):
            return image_HWC

        def encode(self, images):
            self.encoded += len(images)
            features = torch.ones(EMBEDDING)
            return [type("Encoded", (), {"features": features})() for _ in images]

    model = Counting()
    assert len(build_bank(tmp_path, model, "e", 3, 2)) == 2
    bank = build_bank(tmp_path, model, "e", 3, 5)
    assert (len(bank), model.encoded) == (5, 5)
    assert (bank.embeddings == 1).all()
    assert all(labels.any() for labels in bank.labels)


def test_crops_for_training_and_curves_share_no_seed():
    """The held-out crops are of seed 2,000,005, which the training does not use."""
    task = ritm()
    held = ObjectCrops(seed=2_000_005, side=48)[0]
    np.testing.assert_array_equal(task._held_out[0][0], held[0])
    assert task.data.seed != 2_000_005


def test_a_training_can_start_from_shipped_weights(options, tmp_path):
    """A run without a checkpoint loads the weights that `start` names."""
    first = Run(ritm(), options)
    first.save()
    shipped = load_file(tmp_path / "weights.safetensors")
    second = Run(ritm(), replace(options, seed=6, out=tmp_path / "on", start=tmp_path / "weights.safetensors"))
    for name, value in second.average.state_dict().items():
        assert torch.equal(value, shipped[name].to(value.dtype))


def test_weights_of_another_model_are_refused_as_a_start(options, bank, lite, tmp_path):
    """The run raises WeightsError before its first step."""
    Run(ritm(), options).save()
    with pytest.raises(WeightsError, match="as weights to start from: weights and architecture do not match"):
        Run(clicks(bank, lite), replace(options, out=tmp_path / "on", start=tmp_path / "weights.safetensors"))


@pytest.mark.parametrize("changed", [{"batch": 3}, {"seed": 6}], ids=["batch", "seed"])
def test_the_checkpoint_of_another_training_is_refused(options, changed):
    """With another batch or seed, a resumed step would have other examples."""
    Run(ritm(), options).save()
    task = ritm(seed=changed.get("seed", 5))
    with pytest.raises(JobError, match="expected a checkpoint of this training"):
        Run(task, replace(options, **changed))


def test_embeddings_of_another_encoder_are_refused(tmp_path):
    """The record of a bank states the encoder and the version of the generator."""
    build_bank(tmp_path, None, "same", 3, 0)
    (tmp_path / "seed3.json").write_text('{"done": 0, "encoder_sha256": "same", "generator": 1}')
    assert len(build_bank(tmp_path, None, "same", 3, 0)) == 0
    with pytest.raises(JobError, match="expected embeddings of"):
        build_bank(tmp_path, None, "other", 3, 0)


def test_each_change_of_settings_is_recorded_with_its_step(options):
    """The metadata of the weights lists the changes. A sitting with the same settings adds no entry."""
    for rate in (1e-3, 1e-3, 2e-3):
        run = Run(ritm(), replace(options, steps=3, rate=rate))
        run.ask_to_stop()
        run.go()
    made = read_metadata(options.out / "weights.safetensors")
    assert [(sitting["from_step"], sitting["rate"], sitting["planned"]) for sitting in made["sittings"]] == [
        (0, 1e-3, "3 steps"),
        (2, 2e-3, "3 steps"),
    ]
    assert (made["steps"], made["seed"], made["batch"], made["side"]) == (3, 5, 2, 48)


def test_the_exit_code_states_how_a_training_ended(options, capsys):
    """0 at the planned end; 143 after SIGTERM, so that `make` stops too; 2 and a message for a mendable fault."""
    arguments = argparse.Namespace(**vars(options))
    train(arguments, ritm)
    (options.out / "last.pt").unlink()
    with pytest.raises(SystemExit) as stopped:
        train(arguments, Interrupted)
    assert stopped.value.code == 143
    arguments.batch = 3
    with pytest.raises(SystemExit) as refused:
        train(arguments, ritm)
    assert refused.value.code == 2
    assert "or another --out" in capsys.readouterr().err
