"""Score -> sound and pictures."""
