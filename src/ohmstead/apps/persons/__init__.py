"""Persons who ask: what is held of them, and that it be forgotten."""
