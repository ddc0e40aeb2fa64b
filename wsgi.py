"""The application for any WSGI server: `app`, made of this process's environment (TRACEAPP_*).

The server has to hand over the raw request path as REQUEST_URI or RAW_URI: a lot number may hold an encoded slash.
`traceapp serve` does (docs/decisions/0002-server.md).
"""
from traceapp.app import from_environment

app = from_environment()
