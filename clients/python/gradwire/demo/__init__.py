"""A demonstration on real data: ``gradwire demo``, or ``python -m gradwire.demo``.

A logistic model, decomposed into blocks, goes to a real server. Every block is shown with its value and the derivative
of the loss with respect to it; four ways to differentiate are compared; the model is trained; pictures tell the rest.
"""

from __future__ import annotations

import time
from pathlib import Path

from gradwire.demo.page import new_page
from gradwire.demo.story import Outcome, tell
from gradwire.errors import GradwireError

__all__ = ["GradwireError", "Outcome", "run"]


def run(folder: Path = Path("gradwire-demo")) -> Outcome:
    """Run the demo, print what it shows, and write its pictures.

    Args:
        folder: where pictures go; it is made if need be.
    """
    start = time.monotonic()
    page = new_page()
    outcome = tell(folder, page)
    names = ", ".join(path.name for path in outcome.pictures)
    page.note(f"\n{time.monotonic() - start:.0f} seconds. Pictures in {folder}/: {names}")
    return outcome
