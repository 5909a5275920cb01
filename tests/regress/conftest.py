"""The small encoder of the simulation tests."""

from tests.sim.conftest import loadable, models

__all__ = ["loadable", "models"]
