"""The door that time comes through: loops that run beside the requests, with a clean stop.

It holds no rule, no SQL and no HTTP.
"""
