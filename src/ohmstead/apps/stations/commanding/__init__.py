"""Commands to stations: which there are, their audit log, and the queue that waits for stations."""
