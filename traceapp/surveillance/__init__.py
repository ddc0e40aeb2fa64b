"""Detection over the database, and the signal cases it opens."""
