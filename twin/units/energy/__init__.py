"""Power and heat between the sites of a cluster while it runs."""
