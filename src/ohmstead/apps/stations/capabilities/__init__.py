"""What an operator does with stations beyond start and stop: profiles, lists, reservations."""
