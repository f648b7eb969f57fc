"""Bookings: what a host is asked for, one session with one group or with a roster of persons."""
