"""The terminal door; it knows no other door."""
