"""A virtual charging station with a meter that signs OCMF: a real OCPP client for tests and demos."""
