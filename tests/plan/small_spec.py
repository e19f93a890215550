"""A small spec of one data set and one model, completed by each test."""

HEAD = """\
study: small
datasets:
  - {name: A, modality: CT, images: a/*.png, masks: "m/{stem}.png", tasks: {organ: 1}}
models:
  - {name: sam, family: sam, arch: vit_b, checkpoint: sam.pth}
"""


def small_spec(rest: str) -> str:
    """Return the spec with further models and prompts."""
    return HEAD + rest
