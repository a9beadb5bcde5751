"""Connectors that work, to start from: `hub new` copies them under another name. See docs/write-a-connector.md."""
