"""What several benchmarks need: data of known shapes, servers in processes of their own, and what the machine says."""
