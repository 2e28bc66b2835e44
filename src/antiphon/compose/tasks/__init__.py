"""A user's piece with different parts of it open: infill, continue, harmonize, accompany, vary, restyle, interpolate."""
