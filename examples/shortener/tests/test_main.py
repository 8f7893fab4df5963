"""The command line."""

from pathlib import Path

import pytest

from shortener.__main__ import main
from shortener.server import ShortenerServer
from shortener.storage import LinkStore


def test_an_unusable_database_is_exit_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--port", "0", "--database", str(tmp_path / "missing" / "links.db")]) == 2
    assert "cannot open the database" in capsys.readouterr().err


def test_a_port_in_use_is_exit_status_2(
    tmp_path: Path, store: LinkStore, capsys: pytest.CaptureFixture[str]
) -> None:
    with ShortenerServer(("127.0.0.1", 0), store) as server:
        port = server.authority.rpartition(":")[2]
        assert main(["--port", port, "--database", str(tmp_path / "other.db")]) == 2
    assert "cannot listen on" in capsys.readouterr().err
