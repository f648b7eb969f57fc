"""Placements: what a group or a person gets, from the plan to the attendance."""
