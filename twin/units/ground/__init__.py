"""What all units stand on: how a plant is put together, what a lot consists of, tasks, and the accounts of products."""
