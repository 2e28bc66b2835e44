"""Named combinations of codec, architecture, objective, data and budget. Needs the [train] extra."""
