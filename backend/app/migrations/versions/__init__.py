"""One module for each step, by its number; each has its note in `specs/database/migrations/`."""
