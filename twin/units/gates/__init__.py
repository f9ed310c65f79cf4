"""Trucks that come and go: deliveries, pick-ups and orders, and what is on them."""
