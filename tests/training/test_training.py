"""Both trainings: they learn, resume where they stopped, and save what the model classes load."""

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
from job.models.checkpoint import read_made
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
    """Small tensors, and other tests beside."""
    threads = torch.get_num_threads()
    torch.set_numthreads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def handlers():
    """A run takes SIGTERM and SIGINT for itself."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def options(tmp_path):
    return Options(minutes=None, steps=2, seed=5, out=tmp_path, batch=2, rate=1e-3)


def ritm(side=48, seed=5):
    return RitmTask(CPU, seed=seed, side=side, arch=named_architecture("hrnet18s"), held_out=2)


class Interrupted(RitmTask):
    """Gets SIGTERM in its first step."""

    def __init__(self):
        super().__init__(CPU, seed=5, side=48, arch=named_architecture("hrnet18s"), held_out=2)

    def losses(self, batch, step, progress):
        os.kill(os.getpid(), signal.SIGTERM)
        yield from super().losses(batch, step, progress)


@pytest.fixture(scope="module")
def bank():
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
    return ClicksTask(CPU, 5, Decoder(copy.deepcopy(lite)), bank, bank)


def learn(task, batch, rounds, rate, step=0):
    """Learn the same batch again and again; give the losses of the first round of each episode."""
    optimiser = torch.optim.AdamW(task.network.parameters(), lr=rate)
    told = []
    for _ in range(rounds):
        loss = next(task.losses(batch, step, 0.0))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        told.append(loss.item())
    return told


def test_ritm_learns_a_batch():
    """Twenty steps on the same crops, the clicks being the same too."""
    task = ritm(side=64)
    told = learn(task, [task.data[index] for index in range(4)], rounds=20, rate=1e-3)
    assert np.mean(told[-3:]) < 0.8 * np.mean(told[:3])


def test_clicks_are_learnt_on_a_batch(bank, lite):
    """The same for prompt encoder and mask decoder."""
    task = clicks(bank, lite)
    told = learn(task, [task.data[index] for index in range(2)], rounds=12, rate=5e-4)
    assert np.mean(told[-3:]) < 0.9 * np.mean(told[:3])


@pytest.mark.parametrize("step", range(6))
def test_every_kind_of_episode_gives_a_loss_a_round(bank, lite, step):
    """Points, boxes, several points, with and without logits fed back; gradients reach the decoder."""
    task = clicks(bank, lite)
    batch = [task.data[index] for index in range(2)]
    for loss in itertools.islice(task.losses(batch, step, 0.5), 2):
        loss.backward()
        assert torch.isfinite(loss)
    assert task.network.mask_decoder.mask_tokens.weight.grad.abs().sum() > 0


def test_a_resumed_run_ends_as_one_that_never_stopped(options):
    """Stopped after every step, as by SIGTERM, it has the same weights to the last bit."""
    Run(ritm(), replace(options, out=options.out / "whole", steps=3)).go()
    for step in range(3):
        run = Run(ritm(), replace(options, out=options.out / "cut", steps=3))
        assert run.step == step
        run.ask_to_stop()
        run.go()
    ends = [load_file(options.out / name / "weights.safetensors") for name in ("whole", "cut")]
    assert all(torch.equal(ends[0][key], ends[1][key]) for key in ends[0])


def test_a_finished_run_is_left_alone(options, capsys):
    """A second call says so and changes nothing."""
    Run(ritm(), options).go()
    before = (options.out / "weights.safetensors").read_bytes()
    Run(ritm(), options).go()
    assert "done before: step 2" in capsys.readouterr().out
    assert (options.out / "weights.safetensors").read_bytes() == before


def test_curves_have_a_row_for_each_evaluation(options):
    """Steps, minutes, loss and IoU after clicks 1, 3 and 5; a step that is run again has one row."""
    Run(ritm(), options).go()
    (options.out / "last.pt").unlink()
    Run(ritm(), options).go()
    with (options.out / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["1", "2"]
    assert list(rows[0]) == ["step", "minutes", "loss", "iou_1", "iou_3", "iou_5"]


def test_what_ritm_saves_is_a_checkpoint_of_its_model(options):
    """Half precision, at most 10 MB, and the model class takes it."""
    Run(ritm(), options).go()
    file = options.out / "weights.safetensors"
    assert file.stat().st_size < 10_000_000
    assert load_ritm(file, "hrnet18s", CPU).capabilities.points


def test_what_clicks_save_fits_lite_medsam(options, bank, lite):
    """Prompt encoder and mask decoder alone, in half precision, by the names of the whole checkpoint."""
    Run(clicks(bank, lite), replace(options, steps=1)).go()
    file = options.out / "weights.safetensors"
    assert file.stat().st_size < 10_000_000
    saved, whole = load_file(file), lite.state_dict()
    assert {key.split(".")[0] for key in saved} == {"prompt_encoder", "mask_decoder"}
    assert all(saved[key].shape == whole[key].shape for key in saved)
    assert not any("image_encoder" in key for key in saved)


def test_a_bank_goes_on_where_it_stopped(tmp_path, lite):
    """Images that are embedded already are not embedded again."""

    class Counting:
        seen = 0

        def encode(self, images):
            self.seen += len(images)
            features = torch.ones(EMBEDDING)
            return [type("Encoded", (), {"features": features})() for _ in images]

    model = Counting()
    assert len(build_bank(tmp_path, model, "e", 3, 2)) == 2
    bank = build_bank(tmp_path, model, "e", 3, 5)
    assert (len(bank), model.seen) == (5, 5)
    assert (bank.embeddings == 1).all()
    assert all(labels.any() for labels in bank.labels)


def test_crops_for_training_and_curves_share_no_seed():
    """What is held out was never trained on."""
    task = ritm()
    held = ObjectCrops(seed=2_000_005, side=48)[0]
    np.testing.assert_array_equal(task._held_out[0][0], held[0])
    assert task.data.seed != 2_000_005


def test_a_training_can_go_on_from_shipped_weights(options, tmp_path):
    """Where the checkpoint is no longer to be had."""
    first = Run(ritm(), options)
    first.save()
    shipped = load_file(tmp_path / "weights.safetensors")
    second = Run(ritm(), replace(options, seed=6, out=tmp_path / "on", start=tmp_path / "weights.safetensors"))
    for name, value in second.average.state_dict().items():
        assert torch.equal(value, shipped[name].to(value.dtype))


def test_weights_of_another_training_are_not_begun_with(options, bank, lite, tmp_path):
    """Said before the first step."""
    Run(ritm(), options).save()
    with pytest.raises(WeightsError, match="as weights to begin with: weights and architecture do not match"):
        Run(clicks(bank, lite), replace(options, out=tmp_path / "on", start=tmp_path / "weights.safetensors"))


@pytest.mark.parametrize("changed", [{"batch": 3}, {"seed": 6}], ids=["batch", "seed"])
def test_another_training_is_not_resumed(options, changed):
    """Its steps would see other examples."""
    Run(ritm(), options).save()
    task = ritm(seed=changed.get("seed", 5))
    with pytest.raises(JobError, match="expected a checkpoint of this training"):
        Run(task, replace(options, **changed))


def test_an_embedding_of_another_encoder_is_not_used(tmp_path):
    """The bank's note names the encoder and the generator's version."""
    build_bank(tmp_path, None, "one", 3, 0)
    (tmp_path / "seed3.json").write_text('{"done": 0, "encoder_sha256": "one", "generator": 1}')
    assert len(build_bank(tmp_path, None, "one", 3, 0)) == 0
    with pytest.raises(JobError, match="expected embeddings of"):
        build_bank(tmp_path, None, "other", 3, 0)


def test_each_change_of_settings_is_noted_with_its_step(options):
    """A sitting under the same settings adds nothing; the weights carry the list."""
    for rate in (1e-3, 1e-3, 2e-3):
        run = Run(ritm(), replace(options, steps=3, rate=rate))
        run.ask_to_stop()
        run.go()
    made = read_made(options.out / "weights.safetensors")
    assert [(one["from_step"], one["rate"], one["planned"]) for one in made["sittings"]] == [
        (0, 1e-3, "3 steps"),
        (2, 2e-3, "3 steps"),
    ]
    assert (made["steps"], made["seed"], made["batch"], made["side"]) == (3, 5, 2, 48)


def test_the_command_says_how_it_ended(options, capsys):
    """0 at the planned end; 143 if asked to stop, so that `make` does not go on; 2 and one line for a wrong folder."""
    asked = argparse.Namespace(**vars(options))
    train(asked, ritm)
    (options.out / "last.pt").unlink()
    with pytest.raises(SystemExit) as stopped:
        train(asked, Interrupted)
    assert stopped.value.code == 143
    asked.batch = 3
    with pytest.raises(SystemExit) as refused:
        train(asked, ritm)
    assert refused.value.code == 2
    assert "or another --out" in capsys.readouterr().err
