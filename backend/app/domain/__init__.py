"""Pure rules of tasks and people: no framework, clock, randomness or I/O; time comes in as `now`."""
