"""The demo as a module: ``python -m gradwire.demo [FOLDER]``."""

import sys
from pathlib import Path

from gradwire.demo import run

run(*map(Path, sys.argv[1:2]))
