"""The stack's own parts."""
