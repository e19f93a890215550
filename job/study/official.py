"""The official checkpoints by the names of their files: where each is to be had, and the sha256 that it must have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

SAM = "https://dl.fbaipublicfiles.com/segment_anything"
RITM = "https://github.com/saic-vul/ritm_interactive_segmentation/releases/download/v1.0"


@dataclass(frozen=True, kw_only=True)
class OfficialCheckpoint:
    """One file. family, arch: as in a spec. sha256: None where its authors publish none."""

    model: str
    family: str
    arch: str
    url: str
    megabytes: int | None = None
    sha256: str | None = None

    def __str__(self) -> str:
        size = [f"{self.megabytes:,} MB"] if self.megabytes else []
        return f"{self.url} ({', '.join([*size, f'sha256 {self.sha256}' if self.sha256 else 'sha256 not published'])})"


_CHECKPOINTS = (
    OfficialCheckpoint(
        model="SAM ViT-H",
        family="sam",
        arch="vit_h",
        url=f"{SAM}/sam_vit_h_4b8939.pth",
        megabytes=2565,
        sha256="a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
    ),
    OfficialCheckpoint(
        model="SAM ViT-L",
        family="sam",
        arch="vit_l",
        url=f"{SAM}/sam_vit_l_0b3195.pth",
        megabytes=1250,
        sha256="3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
    ),
    OfficialCheckpoint(
        model="SAM ViT-B",
        family="sam",
        arch="vit_b",
        url=f"{SAM}/sam_vit_b_01ec64.pth",
        megabytes=375,
        sha256="ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
    ),
    OfficialCheckpoint(
        model="RITM HRNet32", family="ritm", arch="hrnet32", url=f"{RITM}/coco_lvis_h32_itermask.pth", megabytes=119
    ),
    OfficialCheckpoint(model="RITM HRNet18", family="ritm", arch="hrnet18", url=f"{RITM}/coco_lvis_h18_itermask.pth"),
    OfficialCheckpoint(
        model="RITM HRNet18s", family="ritm", arch="hrnet18s", url=f"{RITM}/coco_lvis_h18s_itermask.pth"
    ),
)
OFFICIAL = {PurePosixPath(checkpoint.url).name: checkpoint for checkpoint in _CHECKPOINTS}


def official(address: str) -> OfficialCheckpoint | None:
    """Return the official checkpoint that has the file name of an address; None if there is none."""
    return OFFICIAL.get(PurePosixPath(address).name)
