"""Tests of what any product could use."""
