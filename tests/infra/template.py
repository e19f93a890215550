"""Read the CloudFormation templates."""

from pathlib import Path

import yaml

PATH = Path(__file__).parents[2] / "infra" / "aws-batch" / "stack.yaml"


class Template(yaml.SafeLoader):
    """A YAML loader for CloudFormation: tags are dropped, so `!Ref X` becomes `X`."""


def _plain(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


Template.add_multi_constructor("!", _plain)


def read_template(path=PATH):
    """Return a template as plain data."""
    return yaml.load(path.read_text(), Template)  # noqa: S506 - a SafeLoader
