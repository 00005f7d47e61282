"""What holds when things happen at once; each test has a database of its own."""
