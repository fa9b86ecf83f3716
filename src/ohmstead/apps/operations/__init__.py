"""Day-to-day operations: backup and restore, webhooks, alerts."""
