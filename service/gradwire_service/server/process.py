"""The process of a server: its log, its end."""

from __future__ import annotations

import logging
import os
import sys
import threading

from gradwire_service.server.lifecycle import Options, serve
from gradwire_service.server.memory import keep_memory


def run_process(options: Options, log_level: str = "WARNING") -> None:
    """Serve until the process is told to stop, then let nothing keep it.

    Args:
        options: how.
        log_level: what to log on stderr, a line an event.

    Raises: InvalidRequestError when it can't listen where it should; BackendUnknownError, BackendUnavailableError.
    """
    keep_memory()
    logging.basicConfig(level=log_level, format="time=%(asctime)s level=%(levelname)s logger=%(name)s %(message)s")
    serve(options)
    logging.shutdown()
    if any(thread is not threading.main_thread() and not thread.daemon for thread in threading.enumerate()):
        sys.stderr.flush()
        os._exit(0)  # a kernel that does not look up would keep the process
