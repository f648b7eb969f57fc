"""Organisations, their relations and names, as registration tells them."""
