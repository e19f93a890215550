"""Simulated prompts, pure: arrays in, points and boxes out. docs/protocols.md describes each protocol."""
