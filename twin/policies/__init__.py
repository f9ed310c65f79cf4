"""Policies that come with twin: pure functions from what is observed to a set point, each in a module of its own."""
