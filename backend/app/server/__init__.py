"""Hosts the process: sockets, the embedded database and its watch, HTTP on the wire, the secret. It knows no route and no resource."""
