"""Tests of the database room that need no application."""
