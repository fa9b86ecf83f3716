"""Use cases over core and ports: each reads state, decides, and returns what changes."""
