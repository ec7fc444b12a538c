"""The keeper: the one process that owns the store. Classifies, redacts, writes, serves the API."""
