"""A small spec: one data set, one model, and what a test is about."""

HEAD = """\
study: small
datasets:
  - {name: A, modality: CT, images: a/*.png, masks: "m/{stem}.png", tasks: {organ: 1}}
models:
  - {name: sam, family: sam, arch: vit_b, checkpoint: sam.pth}
"""


def small_spec(rest: str) -> str:
    """Add further models, and prompts."""
    return HEAD + rest
