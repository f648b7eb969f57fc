"""Waitlists: groups without a seat in their published order, and who fits a seat that is free."""
