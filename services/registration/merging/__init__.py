"""Organisations that stand in the register twice: found, compared, and made one."""
