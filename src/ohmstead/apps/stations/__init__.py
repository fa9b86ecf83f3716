"""One handler per OCPP message: wire types to core types, one flow, and the answer back."""
