"""A fabric that exists in memory only: spines, leaves, hosts and what goes wrong with them."""
