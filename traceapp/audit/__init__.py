"""The trail: who did what, when, with what before and after; append-only and chained by hashes."""
from .trail import record, record_first, stream_of

__all__ = ["record", "record_first", "stream_of"]
