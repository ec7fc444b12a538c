"""The HTTP API of the activity log: reads the store, and takes what cannot pass a proxy."""
