"""The bounds of the services' histograms."""

BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
"""Upper bounds, seconds, of the histograms that the services' instrumentation exports."""
