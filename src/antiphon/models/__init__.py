"""Arrays to arrays with weights; knows no music, no loss, no optimiser. Needs the [train] extra."""
