"""Reads the specifications and says where they and the product differ; the application never imports it."""
