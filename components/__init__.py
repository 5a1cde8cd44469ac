"""The products of the stack, one a file: the component resource and its pure workload."""
