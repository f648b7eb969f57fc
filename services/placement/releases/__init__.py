"""When a campaign's result goes out: at the campaign's own times, or ten minutes after a click."""
