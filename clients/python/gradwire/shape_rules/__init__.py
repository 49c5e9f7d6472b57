"""The shape rules of ops, as far as sizes are known; a rule that does not know says None, it never guesses."""

from __future__ import annotations

from collections.abc import Mapping

from gradwire.shape_rules import algebra, structure, windows
from gradwire.shape_rules.common import Attributes, MultipleRule, Rule, reduced

__all__ = ["MULTIPLE", "RULES", "Attributes", "reduced"]

RULES: Mapping[str, Rule] = {**structure.RULES, **algebra.RULES, **windows.RULES}
"""Of ops with one value."""

MULTIPLE: Mapping[str, MultipleRule] = {**structure.MULTIPLE, **algebra.MULTIPLE}
"""Of ops with several."""
