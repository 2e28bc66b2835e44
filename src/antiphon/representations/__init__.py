"""Score <-> numpy arrays: what a model reads and writes; numpy only."""
