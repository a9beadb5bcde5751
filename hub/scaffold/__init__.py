"""Connectors that work, to start from: `hub new` copies them under another name. See docs/write-a-connector.md.

source        reads customers of a simulated vendor
destination   keeps lists in a simulated vendor
texts         what stands beside the modules: README, tests, pyproject.toml
new           copies one of them
"""
