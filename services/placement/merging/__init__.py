"""Two entries of one host become one."""
