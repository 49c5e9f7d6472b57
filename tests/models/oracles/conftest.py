"""Models by JAX and PyTorch: `make oracles` installs these, and runs the tests.

They are collected only when this folder, or one of its files, is asked for: XLA takes seconds a model.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backends.oracles.conftest import collect_ignore as absent

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    asked = [(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args]
    return True if collection_path.name in absent or not any(path.is_relative_to(HERE) for path in asked) else None
