"""Named readers for corpora whose files need to be known to be read right."""
