"""What the SQLite file keeps."""

import sqlite3
from pathlib import Path

import pytest

from shortener.storage import LinkStore


def test_a_new_store_is_empty(store: LinkStore) -> None:
    assert store.count() == 0


def test_an_unusable_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.Error):
        LinkStore(tmp_path / "missing" / "links.db")


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are notes, not a database. " * 40)
    with pytest.raises(sqlite3.Error):
        LinkStore(path)
