"""Tests of what stands around the program: its embedded database, its terminal and its operation."""
