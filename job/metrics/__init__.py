"""Scores of a mask against the truth. Pure."""
