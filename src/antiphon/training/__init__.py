"""How any module learns: objectives, batches, one loop, checkpoints. Needs the [train] extra."""
