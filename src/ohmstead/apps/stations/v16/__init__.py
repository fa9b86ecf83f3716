"""Handlers for OCPP 1.6J."""
