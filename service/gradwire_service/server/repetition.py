"""Requests that come again with other numbers: nothing of them is parsed, looked up or checked twice.

A loop of calls sends messages that differ only in the elements of their tensors. What was learnt of the first one, the
program and where in the message its inputs lie, is kept with the bytes that stay the same (`wire.template`).
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from gradwire import v1 as pb
from gradwire_service.backend import Interrupt, Tier
from gradwire_service.graph import Array
from gradwire_service.program import Program
from gradwire_service.wire.bulk import Pieces
from gradwire_service.wire.evaluation import Point, write_evaluation
from gradwire_service.wire.template import Template
from gradwire_service.wire.tensors import Bulk, decode_array

KEPT = 1024
"""Requests that are remembered; the one unused for longest goes first."""

LARGEST = 4096
"""Bytes of a request, its tensors left out, that are worth to be remembered."""
