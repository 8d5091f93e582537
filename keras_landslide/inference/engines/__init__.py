"""What runs a network: a base, and a file for each engine."""
