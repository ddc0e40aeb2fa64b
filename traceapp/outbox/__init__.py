"""What must be sent: rows written with the act that caused them, attempts, acknowledgements."""
