"""Tests that hold a rule over the whole service and its specifications."""
