"""State as the OpenConfig models spell it: paths, values and octets, from any source."""
