"""Where records stay: the memory store, which is the strict one, and the SQLite store."""
