"""What regulators may see, and what they see of it."""
