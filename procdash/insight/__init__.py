"""What the records of a store mean: verdicts and problems. Pure functions, no I/O."""
