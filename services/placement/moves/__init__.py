"""Another seat for one placement, without moving anybody: what there is, what it costs, the act."""
