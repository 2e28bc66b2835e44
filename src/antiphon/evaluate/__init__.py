"""Scores against something else -> numbers."""
