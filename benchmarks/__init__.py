"""Benchmarks, each beside its reference in the same run: `python3 dev.py bench [NAME…]`."""
