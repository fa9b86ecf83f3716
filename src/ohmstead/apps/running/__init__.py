"""What outlives a process: how a house is asked to reload, and how one process follows another."""
