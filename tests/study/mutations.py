"""Faulty specs, as Hypothesis strategies: mutated as YAML nodes, as text, and as bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    "DATA": "data",
    "WEIGHTS": "weights",
    "RESULTS": "results",
    "STUDY_ODD": "a\x07b",
    "STUDY_SECRET": "hush",
    "SECRET": "hush",
}

VOLUMES = """\
study: volumes
output: results/here
datasets:
  - name: V
    modality: CT
    images: v/{case}/*.nii.gz
    masks: m/{case}/{name}
    table: {file: t.csv, image: path, where: {split: [test, 1]}}
    patient: "{case}"
    tasks: {organ: [1, 2], rest: any, dense: {above: 0.5, masks: "{image}"}}
    intensity: {window: [40, 400], per: volume}
    slices: {axis: coronal, keep: {every: 3}}
  - name: G
    modality: none
    generated: {patients: 2, slices: 2, seed: 5}
    tasks: {organ: 1}
models:
  - {name: sam, family: sam, arch: vit_b, checkpoint: "${WEIGHTS}/b.pth"}
  - {name: ritm, family: ritm, arch: hrnet18s, checkpoint: w.pth, ritm: {zoom_in: false}}
prompts:
  - {models: [sam], modes: [each_point, whole_box], mask_choice: [first, oracle]}
  - {clicks: {protocol: ritm, max: 3, target_iou: 0.95}}
statistics:
  compare: {model: sam, baseline: ritm}
  contrasts: [{name: box, of: {model: sam, prompt: whole_box}, minus: {model: ritm, prompt: clicks, step: 3}}]
  noc: [0.8, 0.9]
  test_at: [first, 2]
execution: {device: cpu, chunk: 2, max_image_px: 1000000}
"""

NUMBERS = [
    "0", "-1", "1e999", "-.inf", ".nan", "1e-320", "9223372036854775808", "9" * 400, "9" * 5000, "0x" + "f" * 5000,
    "0b" + "1" * 99, "0o17", "1_000", "190:20:30", "1:" * 3000 + "1", "+.5", "1.7976931348623157e+308", "-0.0",
]  # fmt: skip
WORDS = [
    "", " ", "~", "null", "true", "no", "2001-99-99", "2020-02-02", "=", "<<", "*", "&", "!", "|", ">", "{}", "[]",
    "é", "😀", "\u202e", "\ufeff", "\ud800", "\x00", "\x1b[2J", "a\nb", "a\tb", "\x85", "x" * 300, "[/red]", "%s",
    "{0}", "${STUDY_SECRET}", "${SECRET}", "${STUDY_NOPE}", "${DATA:-x}", "${STUDY_NOPE:-}", "$DATA",
    "${", "${}", "${STUDY_ODD}", "$(id)", "{stem}", "{image}", "{nope}", "{case}{case}",
]  # fmt: skip
ADDRESSES = [
    "../../up", "/", ".", "..", "~", "**", "**/*", "a/**/b/**", "?", "[", "[a-", "/dev/null", "package://", "package://..",
    "package://nilearn/../../up", "package://job.study/*", "memory://", "memory://a/*.png", "nowhere://x", "://",
    "http://[bad/*.png", "https://user:hush@host/*.png", "https://host/a.png?token=hush", "s3://", "file:///x/*",
    "a\\b", "C:\\data\\*.png", "a::zip://b", "simplecache::memory://x", "{case}/" * 50, "*" * 500,
]  # fmt: skip
KEYS = [
    "study", "output", "datasets", "models", "family", "tasks", "label", "above", "masks", "images", "sam", "clicks",
    "modes", "keep", "every", "window", "[key]", "function-after", "int", "0", "noc",
]  # fmt: skip
TAGS = [
    "!!python/object/apply:os.system", "!!python/name:os.system", "!!int", "!!float", "!!bool", "!!null", "!!binary",
    "!!timestamp", "!!set", "!!omap", "!!pairs", "!!map", "!!seq", "!!str", "!own", "!", "!!value", "!!merge",
]  # fmt: skip
SNIPPETS = [
    "[" * 500, "{" * 40, "- " * 400, "? ", ": ", "\t", "---\n", "...\n", "%YAML 9.9\n", "%TAG ! x\n", "&a [*a]", "*a",
    "&a ", "<<: *a\n", "<<: 5\n", '"\\x', '"\\ud800"', '"\\U00110000"', "#", "\r", "\u2028", "\ufeff", "\x00", "'",
    "|9\n", ">-\n", "a: &a {<<: *a}\n", "${DATA", "}", "!!python/object:os.system {}\n",
]  # fmt: skip
BYTES = [b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xfe\xff", b"\x00", b"\xef\xbb\xbf"]
ACTIONS = ["remove", "double", "replace", "replace", "replace", "share", "key", "add", "tag", "wrap"]

VALID = [VOLUMES, *(re.sub(r"(?m)^ *#.*\n", "", path.read_text()) for path in sorted(ROOT.glob("specs/*.yaml")))]
"""The valid specs to mutate."""


def scalars() -> st.SearchStrategy[yaml.Node]:
    """Return unusual values, most of them plain, some quoted, and some with a tag that they do not fit."""
    values = st.sampled_from([*NUMBERS, *WORDS, *ADDRESSES, *KEYS]) | st.text(max_size=8) | st.integers().map(str)
    reader = yaml.SafeLoader("")
    plain = values.map(lambda text: yaml.ScalarNode(reader.resolve(yaml.ScalarNode, text, (True, False)), text))
    tagged = st.builds(lambda tag, text: yaml.ScalarNode(_tag(tag), text), st.sampled_from(TAGS), values)
    quoted = values.map(lambda text: yaml.ScalarNode(_tag("!!str"), text, style='"'))
    return plain | plain | quoted | tagged


def _tag(short: str) -> str:
    return short.replace("!!", "tag:yaml.org,2002:")


@st.composite
def restructured(draw: st.DrawFn, valid: Sequence[str]) -> str:
    """Return a valid spec with a few of its YAML nodes replaced, moved, doubled, shared or removed, as YAML text."""
    root = yaml.compose(draw(st.sampled_from(valid)), yaml.SafeLoader)
    for _ in range(draw(st.integers(1, 3))):
        collections = [node for node in _walk(root, set()) if node.value]
        if collections:
            _change(draw, draw(st.sampled_from(collections)), collections)
    return str(yaml.serialize(root, Dumper=yaml.SafeDumper, allow_unicode=draw(st.booleans()), width=10**6))


def _change(draw: st.DrawFn, parent: yaml.CollectionNode, others: list[yaml.CollectionNode]) -> None:
    """Change one item of a mapping or a list."""
    items = parent.value
    index = draw(st.integers(0, len(items) - 1))
    action = draw(st.sampled_from(ACTIONS))
    if action == "remove":
        del items[index]
    elif action == "double":
        items.insert(draw(st.integers(0, len(items))), items[index])
    elif action == "tag":
        parent.tag = _tag(draw(st.sampled_from(TAGS)))
    elif isinstance(parent, yaml.MappingNode):
        key, value = items[index]
        items[index] = (draw(scalars()) if action == "key" else key, _other(draw, action, value, others))
        if action == "add":
            items.append((draw(scalars()), draw(scalars())))
    else:
        items[index] = _other(draw, action, items[index], others)


def _other(draw: st.DrawFn, action: str, value: yaml.Node, others: list[yaml.CollectionNode]) -> yaml.Node:
    if action == "replace":
        return draw(scalars())
    if action == "share":
        return draw(st.sampled_from(others))  # an alias; if the collection contains this place, a cycle
    for _ in range(draw(st.integers(1, 60)) if action == "wrap" else 0):
        value = yaml.SequenceNode(_tag("!!seq"), [value] * draw(st.integers(1, 3)), flow_style=True)
    return value


def _walk(node: yaml.Node, seen: set[int]) -> Iterator[yaml.CollectionNode]:
    if isinstance(node, yaml.CollectionNode) and id(node) not in seen:
        seen.add(id(node))
        yield node
        for item in node.value:
            for inner in item if isinstance(item, tuple) else (item,):
                yield from _walk(inner, seen)


@st.composite
def rewritten(draw: st.DrawFn, valid: Sequence[str]) -> str:
    """Return a valid spec whose text was cut, doubled, overwritten or extended."""
    text = draw(st.sampled_from(valid))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        put = draw(st.sampled_from([*SNIPPETS, *WORDS, *NUMBERS, text[start:end] * 2, ""]))
        text = text[:start] + put + text[end:]
    return text


def flipped(valid: Sequence[str]) -> st.SearchStrategy[bytes]:
    """Return a valid spec with bytes that were cut off, changed, or are not UTF-8."""

    def damage(text: str, place: int, put: bytes, keep: bool) -> bytes:
        data = text.encode()
        place %= len(data)
        return data[:place] + put + (data[place + len(put) :] if keep else b"")

    put = st.sampled_from(BYTES) | st.binary(max_size=4)
    return st.builds(damage, st.sampled_from(valid), st.integers(0, 10_000), put, st.booleans())


def specs(valid: Sequence[str] = VALID) -> st.SearchStrategy[bytes]:
    """Return any of these, as the bytes of a file."""
    written = restructured(valid) | rewritten(valid)
    return written.map(lambda text: text.encode(errors="surrogatepass")) | flipped(valid)
