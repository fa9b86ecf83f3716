"""Processes: the only place that joins adapters to flows."""
