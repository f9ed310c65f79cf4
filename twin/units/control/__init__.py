"""What changes parameters while a plant runs: timed events and policies."""
