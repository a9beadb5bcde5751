"""The checks, by what they are about; importing this package puts them on the list."""

from hub.testing.checks import changes, credentials, history, landing, paging, reading, scale, trouble, values

__all__ = ["changes", "credentials", "history", "landing", "paging", "reading", "scale", "trouble", "values"]
