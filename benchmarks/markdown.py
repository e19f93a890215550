"""Tables in Markdown for the simulations."""


def heading(*names: object) -> None:
    """Print the head of a table whose first three columns are texts."""
    row(*names)
    print("|---|---|---|" + "---:|" * (len(names) - 3))


def row(*cells: object) -> None:
    """Print a row."""
    print("|", " | ".join(map(str, cells)), "|", flush=True)
