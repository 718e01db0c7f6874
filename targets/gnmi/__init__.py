"""A gNMI target: a state tree served to any number of subscribers."""
