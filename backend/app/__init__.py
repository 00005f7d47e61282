"""Agendum: the task backend behind any app, terminal or automation."""

__version__ = "0.1.0"
