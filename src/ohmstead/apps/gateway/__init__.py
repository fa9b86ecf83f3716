"""The OCPP websocket server: sockets, handshakes, queues; it decides nothing about charging."""
