"""A real Better Auth server, and what it issues used against the API; `make test-better-auth` installs it."""
