"""Master data and history out of tables: looked at first, then taken in by the ordinary use cases, batch by batch."""
