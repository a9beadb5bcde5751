"""The two logs on disk: what was read (`landing/`) and what was meant to be sent (`delivery/`)."""
