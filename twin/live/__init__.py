"""The live twin: fed by the plant, it knows where it stands, and looks ahead. It never writes to a plant."""
