"""The HTTP door: one file for each resource, each route a sentence; no rule and no SQL."""
