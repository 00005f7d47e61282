"""The load harness: where speed is judged, by a ratio to a floor.

It is a tool, never a timed test, and the product never imports it.
"""
