"""Corrective and preventive actions: from a problem and its cause to the proof that it does not come back."""
