"""Backups of what the products of a stack store: made, restored, and proven by a restore."""
