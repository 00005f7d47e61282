"""Tests enter through a promised interface or the pure core, on a real PostgreSQL; only the network is replaced."""
