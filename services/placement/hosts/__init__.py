"""Hosts and their vetting by a centre."""
