"""Object stores for tests: one in memory, and an S3 server where moto is installed."""

import contextlib
import os
from typing import Iterator
from unittest.mock import patch
from uuid import uuid4

import pytest

STORES = ("memory", "s3")
_BUCKET = "texts"


@contextlib.contextmanager
def open_store(kind: str) -> Iterator[str]:
    """Yield the address of an empty folder.

    Args:
        kind: One of `STORES`.
    """
    if kind == "memory":
        pytest.importorskip("upath")
        yield f"memory://{uuid4().hex}"
        return
    for library in ("upath", "s3fs", "boto3"):
        pytest.importorskip(library)
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
    variables = {
        **dict.fromkeys(keys, "us-east-1"),
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
    try:
        with patch.dict(os.environ, variables):
            import boto3

            boto3.client("s3").create_bucket(Bucket=_BUCKET)
            forget_listings()
            yield f"s3://{_BUCKET}/{uuid4().hex}"
    finally:
        server.stop()


def forget_listings() -> None:
    """Drop what fsspec knows of stores, as a new process would."""
    import fsspec

    for name in ("s3", "file"):
        with contextlib.suppress(ImportError):
            fsspec.get_filesystem_class(name).clear_instance_cache()
