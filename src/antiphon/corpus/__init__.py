"""A folder of music -> a store: ingest, clean, de-duplicate, split."""
