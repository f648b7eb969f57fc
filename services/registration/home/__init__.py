"""The first page of each role: what has to be done, by when, and how things stand."""
