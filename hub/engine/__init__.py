"""Engines run the data steps: SQL over the derived database, Arrow in and out."""

from hub.engine.base import Engine
from hub.engine.duckdb import DuckEngine

__all__ = ["DuckEngine", "Engine"]
