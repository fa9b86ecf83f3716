"""Fleets come from elsewhere: a CSV file, or the database of another CSMS."""
