"""Hosts the service: port, secret, embedded database, worker processes, HTTP on the wire.

It knows no route and no resource.
"""
