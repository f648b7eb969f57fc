"""Benchmarks of the placement engine against OR-Tools, HiGHS and first-come."""
