"""Firmware roll-outs: the room that drives them; what they decide stands in core and flows."""
