"""What people and clocks can do, as functions over a unit of work; no SQL and no wire format."""
