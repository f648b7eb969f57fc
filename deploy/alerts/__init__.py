"""Alert rules, the stories that hold them, and the command that plays one to the other."""
