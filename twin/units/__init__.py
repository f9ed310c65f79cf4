"""Behaviour of units: step functions over records."""
