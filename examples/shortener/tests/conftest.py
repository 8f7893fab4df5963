"""What several tests need: a store of their own."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from shortener.storage import LinkStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LinkStore]:
    with closing(LinkStore(tmp_path / "links.db")) as opened:
        yield opened
