"""Numbers in, numbers out: which lot stands out, and which ancestor explains it. Pure: no database, no web."""
