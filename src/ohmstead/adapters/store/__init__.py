"""Where records are durable."""
