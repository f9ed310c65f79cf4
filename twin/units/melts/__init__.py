"""What works on melts: furnaces, tankhouse, casting, off-gas, and what supplies them."""
