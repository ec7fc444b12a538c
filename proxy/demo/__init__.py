"""`wiretrail demo`: a real sidecar between a stub service and stub partners, without a network."""
