"""Update rules against PyTorch, optax and Keras: `make oracles` installs these, and runs the tests.

They are collected only when this folder, or one of its files, is asked for: the libraries take seconds to load.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ORACLES = {"torch": "test_torch.py", "optax": "test_optax.py", "keras": "test_keras.py"}
ABSENT = [file for name, file in ORACLES.items() if not find_spec(name)]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    asked = [(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args]
    return True if collection_path.name in ABSENT or not any(path.is_relative_to(HERE) for path in asked) else None
