"""What the twin tells others: over REST, and over an OPC UA server of its own. Nobody sets anything by either."""
