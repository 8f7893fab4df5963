"""The SQLite file: the only place that knows SQL."""

import sqlite3
from pathlib import Path
from typing import Final

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS links (
    code        TEXT PRIMARY KEY,
    url         TEXT NOT NULL,
    created_at  REAL NOT NULL,
    expires_at  REAL,
    hits        INTEGER NOT NULL DEFAULT 0,
    last_hit_at REAL
)
"""


class LinkStore:
    """Links in one SQLite file."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        try:
            # With a write-ahead log a commit outlives the process without an fsync for each.
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(SCHEMA)
        except sqlite3.Error:
            self._connection.close()
            raise

    def close(self) -> None:
        """End the connection; the store cannot be used afterwards."""
        self._connection.close()

    def count(self) -> int:
        """How many links are kept."""
        (total,) = self._connection.execute("SELECT count(*) FROM links").fetchone()
        return int(total)
