"""The emulator: a plant with a hidden truth that serves its signals as a real one would, faults included."""
