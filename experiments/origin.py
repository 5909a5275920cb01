"""Where a result comes from: the code that made it, and whether that is the code of today."""

import platform
from collections.abc import Iterable

from experiments.code import code_of
from experiments.experiment import Experiment
from experiments.training import DESIGNS
from flow.fingerprint import hash_json, hash_path, tool_versions
from spikecae.design import load_design

__all__ = ["experiment_code", "versions"]


def experiment_code(experiment: Experiment) -> str:
    """SHA-256, in hex, of the code of an experiment's runs, and of the designs that it starts from.

    Of its module counts what ``run`` uses: another remark, figure or row changes no run.
    """
    return hash_json([code_of(experiment.run), {name: _design_hash(name) for name in experiment.designs}])


def versions(tools: Iterable[str]) -> dict[str, str]:
    """Version of Python and of these distributions."""
    return {"python": platform.python_version(), **tool_versions(tools)}


def _design_hash(name: str) -> str:
    """Hash of a design's settings, those aside that are the default, and of the weights and the spec that it ships."""
    settings = load_design(DESIGNS / f"{name}.toml").model_dump(mode="json", exclude_defaults=True)
    return hash_json([settings, hash_path(DESIGNS / name)])
