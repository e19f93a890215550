"""Simulated prompts, pure: arrays in, points and boxes out. What each protocol does is written in docs/protocols.md."""
