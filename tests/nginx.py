"""nginx, installed or unpacked by `make nginx`, in front of a test's own pages."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:{sys.prefix}/nginx/usr/sbin")
FOLDERS = "".join(
    f"{kind}_temp_path {kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
)


@contextmanager
def running(told: str, folder: Path) -> Iterator[str]:
    """The address of an nginx with this configuration, whose port 8080 becomes a free one.

    Skips the test where there is no nginx.
    """
    if NGINX is None:
        pytest.skip("nginx is neither installed nor unpacked by `make nginx`")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = told.replace("listen 8080", f"listen 127.0.0.1:{port}")
    (folder / "nginx.conf").write_text(
        f"daemon off; pid nginx.pid; events {{}} http {{ access_log off; {FOLDERS} {told} }}", "utf-8"
    )
    command = [NGINX, "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
    with (folder / "log").open("wb") as log:
        nginx = subprocess.Popen(command, stderr=log)
    try:
        until = monotonic() + 30
        while True:
            assert nginx.poll() is None, (folder / "log").read_text("utf-8")
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert monotonic() < until
                sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        nginx.terminate()
        nginx.wait(30)
