"""The embedded PostgreSQL: its programs, its cluster, the account that it runs under, and the server itself. It knows no table."""
