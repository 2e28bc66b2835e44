"""What music is, as immutable values and pure functions; knows nobody but the errors."""
