"""The long runs: faults under load, and what must have held at the end: `python3 dev.py soak [NAME…]`."""
