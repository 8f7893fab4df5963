"""A small URL shortener: an HTTP interface over one SQLite file."""
