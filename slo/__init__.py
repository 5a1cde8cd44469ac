"""Service level objectives: from what teams write to Prometheus rules; no Pulumi anywhere in it."""
