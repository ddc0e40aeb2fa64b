"""`python -m traceapp`."""
from traceapp.cli import main

raise SystemExit(main())
