"""A convergence loop that turns one-shot AI code generation into working software."""

__version__ = "0.1.0"
