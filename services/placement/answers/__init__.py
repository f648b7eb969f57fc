"""Hosts answer: by a link in a letter without signing in, or with an account, on the same page."""
