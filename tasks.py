"""The tasks of this repository: the factory's own."""

from invoke.collection import Collection

from dark_factory.tasks import factory

namespace = Collection(factory)
