"""Alembic migrations of the control store, run when a store is opened; they travel in the wheel.

To change a table: edit `hub/store/models.py`, then

    python -m hub.store.migrations "what changes"

writes a new file into `versions/`; read it, mend it, and run `tests/hub/store`. A released file is never changed.
"""
