"""What a school sees and does after the release: its groups' visits, or why there is none."""
