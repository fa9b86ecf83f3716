"""Ledgers on which epochs are anchored."""
