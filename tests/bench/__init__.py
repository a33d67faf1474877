"""Benchmarks: `python3 dev.py bench`. Measured side by side in one run, never timed as tests."""
