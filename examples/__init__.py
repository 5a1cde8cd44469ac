"""Examples: a service that is observed, and another team's stack that reads the outputs."""
