"""OCPP-J: the conversation (rpc) and the messages of each version, generated from the official schemas."""
