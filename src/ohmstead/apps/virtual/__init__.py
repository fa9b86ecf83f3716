"""A virtual charging station whose meter signs OCMF: a real OCPP client for tests and demos."""
