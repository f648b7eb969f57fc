"""What schools ask for, and how it becomes an order of sessions."""
