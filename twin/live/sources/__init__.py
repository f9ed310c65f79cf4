"""Sources: where readings come from. Each runs in a thread of its own, comes back by itself when it was lost, and counts what it loses."""
