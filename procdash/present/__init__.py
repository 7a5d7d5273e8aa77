"""What was read, in words and cells. Pure functions, and the only door from stored bytes to a terminal."""
