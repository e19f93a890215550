"""Single cases of a study whose images and results are on a real S3 server."""

import io
import os
import shutil

import nibabel
import numpy as np
from PIL import Image
from s3fs import S3FileSystem

from job import storage
from tests.cases import medsam_job, use_fake_models
from tests.cli.test_show import CLICKS
from tests.datasets.make import nifti
from tests.integration.studies import draw, write_spec

AFFINE = np.array([[0, -1.9, 0, 50], [1.4, 0, 0, -20], [0, 0, -3, 7], [0, 0, 0, 1]])


def test_pictures_are_read_from_and_written_to_the_store(s3, tmp_path, monkeypatch, capfd):
    """Until an image is overwritten there: then its masks alone are drawn, and a line says so."""
    use_fake_models(monkeypatch)
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "cache"))
    draw(f"{s3}/data", 12)
    spec = write_spec(tmp_path, f"{s3}/data", f"{s3}/results")
    assert medsam_job(monkeypatch, spec) == 0
    show = ("show", f"{s3}/results", "task = 'organ' ORDER BY image", "--limit", 2, "--output", f"{s3}/look/sheet.png")
    capfd.readouterr()
    assert medsam_job(monkeypatch, *show) == 0
    counts, wrote = capfd.readouterr().out.splitlines()
    assert counts.startswith("2 of ")
    assert wrote == f"wrote {s3}/look/sheet.png"
    before = storage.read(f"{s3}/look/sheet.png")
    assert Image.open(io.BytesIO(before)).format == "PNG"
    first = min(file.address for file in storage.list_files(f"{s3}/data/images", "*"))
    storage.write(first, storage.read(f"{s3}/data/images/0011.png"))
    assert medsam_job(monkeypatch, *show) == 0
    assert storage.read(f"{s3}/look/sheet.png") == before  # of the local copy, which is the planned image
    shutil.rmtree(tmp_path / "cache")
    capfd.readouterr()
    assert medsam_job(monkeypatch, *show) == 0
    assert "masks alone for 1 image, such as 0000.png: " in capfd.readouterr().out
    assert storage.read(f"{s3}/look/sheet.png") != before


def test_volumes_are_written_to_the_store(s3, tmp_path, monkeypatch):
    """In the geometry of the image that is there."""
    use_fake_models(monkeypatch)
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "cache"))
    labels = np.zeros((9, 10, 11), np.uint8)
    labels[2:5, 3:8, 1:9] = 1
    labels[5:8, 4:7, 2:6] = 2
    for kind, values in (("images", (labels * 100).astype(np.int16)), ("masks", labels)):
        nifti(tmp_path / f"data/{kind}/v.nii.gz", values, AFFINE)
    S3FileSystem(endpoint_url=os.environ["AWS_ENDPOINT_URL"]).put(str(tmp_path / "data"), f"{s3}/data", recursive=True)
    spec = tmp_path / "remote.yaml"
    spec.write_text(CLICKS.replace("*.png", "*.nii.gz").format(data=f"{s3}/data", output=f"{s3}/results"))
    assert medsam_job(monkeypatch, spec) == 0
    where = f"{s3}/volumes"
    assert medsam_job(monkeypatch, "show", f"{s3}/results", "TRUE", "--format", "nifti", "--output", where) == 0
    (tmp_path / "truth.nii.gz").write_bytes(storage.read(f"{where}/Discs/v/ring-truth.nii.gz"))
    truth = nibabel.load(tmp_path / "truth.nii.gz")
    assert np.array_equal(np.asarray(truth.dataobj), labels == 2)
    assert np.allclose(truth.affine, AFFINE)
