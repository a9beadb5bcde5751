"""Audience Hub: customer data in, one profile per person, audience lists out."""

__version__ = "0.1.0"
