"""The one door for authors of connectors and plugins."""
