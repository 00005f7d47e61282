"""The embedded PostgreSQL: its programs, its cluster, its account, and the server itself. It knows no table."""
