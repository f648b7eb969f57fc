"""What a host sees of its own: offers, who asks for them, one calendar over all centres."""
