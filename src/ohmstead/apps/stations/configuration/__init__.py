"""The configuration of stations: read, kept, compared with its template, and put right."""
