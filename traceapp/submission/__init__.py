"""What was handed to whom, by hash."""
