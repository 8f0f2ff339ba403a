"""The log of the service."""

import logging

logger = logging.getLogger("spacy_distill.service")


def log_to_stderr() -> None:
    """Write the log of requests to standard error, a line each."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
