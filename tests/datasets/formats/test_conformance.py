"""The suite that other packages run on their formats holds for ours, and for one of another package."""

import h5py
import nibabel as nib
import numpy as np
import SimpleITK
from scipy.io import savemat

from job.datasets.formats import hdf5, matlab, metaimage, nifti, npz, nrrd
from job.datasets.testing import VolumeFormatSuite
from tests.datasets.formats.own import own_format

TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def write_by_itk(path, values, affine):
    """Write a volume by SimpleITK, whose arrays have the last axis first and whose positions are LPS."""
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values.transpose(2, 1, 0)))
    lps = TO_LPS @ affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(lps[:3, 3].tolist())
    image.SetDirection((lps[:3, :3] / spacing).ravel().tolist())
    SimpleITK.WriteImage(image, str(path))


class TestNifti(VolumeFormatSuite):
    form = nifti

    def write(self, path, values, affine):
        nib.save(nib.Nifti1Image(values, affine), path)


class TestNrrd(VolumeFormatSuite):
    form = nrrd

    def write(self, path, values, affine):
        write_by_itk(path, values, affine)


class TestMetaImage(VolumeFormatSuite):
    form = metaimage

    def write(self, path, values, affine):
        write_by_itk(path, values, affine)


class TestNpz(VolumeFormatSuite):
    form = npz
    oriented = False

    def write(self, path, values, affine):
        np.savez_compressed(path, imgs=values)


class TestHdf5(VolumeFormatSuite):
    form = hdf5
    oriented = False
    inside = "image"

    def write(self, path, values, affine):
        with h5py.File(path, "w") as file:
            file.create_dataset("image", data=values, compression="gzip")


class TestMatlab(VolumeFormatSuite):
    form = matlab
    oriented = False
    inside = "image"

    def write(self, path, values, affine):
        savemat(path, {"image": values, "other": "text"}, do_compression=True)


class TestOwnFormat(VolumeFormatSuite):
    form = own_format

    def write(self, path, values, affine):
        own_format.write(path, values, affine)
