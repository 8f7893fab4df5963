"""The shelf of gate kinds: `kind = "ruff"` in factory.toml is gates/ruff.py."""
