"""Project directories that the hub makes: an empty one, and the demo with its data."""
