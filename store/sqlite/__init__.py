"""The store in one SQLite file: one writer, and readers that open it read-only."""
