"""Antiphon: compose music with generative adversarial networks, hear it, judge it, learn from it."""

__version__ = "0.1.0"
