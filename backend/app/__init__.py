"""Agendum: the task backend behind any app, terminal or automation."""
