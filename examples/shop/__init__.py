"""A small HTTP service with a background job, instrumented with observability_sdk."""
