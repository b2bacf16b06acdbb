"""Benchmarks: each module measures one thing against its floor; see `bench.harness`."""
