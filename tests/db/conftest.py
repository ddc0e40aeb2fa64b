"""What every test with a database has."""
from tests.quick_passwords import quick_passwords

__all__ = ["quick_passwords"]
