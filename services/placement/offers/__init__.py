"""Offers with their sessions, versions and one calendar per team."""
