"""The HTTP API: the one way into a project, for the command line, the daemon's page and scripts."""
