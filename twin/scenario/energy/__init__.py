"""Power and heat that the sites of a cluster share."""
