"""Replays recorded charging sessions through real OCPP connections."""
