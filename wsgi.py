"""The application for any WSGI server: `wsgi:app`. The product's own server is started by `traceapp serve`."""
from traceapp.app import from_environment

app = from_environment()
