"""Finding a school, a host, a group or a campaign by a few letters."""
