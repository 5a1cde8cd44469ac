"""The applications of the service catalogue: requests, queries, events, tasks."""
