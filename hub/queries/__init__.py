"""Read-only questions about a project, a module each; they may be asked while a run is writing."""
