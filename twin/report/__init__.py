"""Reports: a run as one page of HTML that opens without a network, and its figures as files."""
