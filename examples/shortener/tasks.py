"""The tasks of the dark factory: ``invoke --list``."""

from dark_factory.tasks import factory
from invoke import Collection

namespace = Collection(factory)
