"""Segment Anything against RITM on medical images, as a declarative, repeatable job."""

__version__ = "0.1.0"
SCHEMA_VERSION = 2
"""Counts the changes of the tables' columns. Parts of another version are not mixed; it is part of their names."""
