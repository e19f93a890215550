"""Promptable models: one Protocol, one short file for each family. The only folder that imports torch."""
