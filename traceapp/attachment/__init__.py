"""Files by content hash."""
