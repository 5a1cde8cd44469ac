"""Servers that keep and carry data: databases, caches, brokers, search."""
