"""Connections, migrations and the embedded server; what is asked of the database is written in repositories."""
