"""OCPP-J: the conversation (rpc) and each version's messages, made from the official schemas."""
