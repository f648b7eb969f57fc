"""The centre's desk: runs and their results, requests, repairs and the waitlist on a page."""
