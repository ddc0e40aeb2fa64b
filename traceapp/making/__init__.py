"""Files that jobs make in the background: claimed under a lease, whole or not there, forgotten after a while."""
