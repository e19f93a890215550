"""The tables and pictures that people look at."""
