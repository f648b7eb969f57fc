"""Repairs: after a decline, who moves where, previewed before anything is done."""
