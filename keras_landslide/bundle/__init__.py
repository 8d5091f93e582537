"""The bundle: a network and the contract that travels with it; written and read here."""
