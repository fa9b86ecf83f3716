"""The story of a session: hold the money, follow the meter, and at the stop pay everyone once."""
