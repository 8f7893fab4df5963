"""No sandbox: processes run as the user who started the factory."""

from __future__ import annotations

LEVEL = "none"
"""What this kind holds, in the words of the run's record."""
