"""Learned control: a scenario's policy answered from outside, as a Gymnasium environment."""
