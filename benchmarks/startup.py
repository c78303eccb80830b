"""`python app.py` to the first answered request, against the bare imports of its heaviest libraries."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.pairs import compare

ROOT = Path(__file__).resolve().parent.parent


def main() -> Iterator[str]:
    """One line: the ratio of the two."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])

    def serve() -> None:
        environment = {**os.environ, "GRADIO_SERVER_PORT": port}
        with subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
        ) as process:
            while process.poll() is None:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
                    break
                except (urllib.error.URLError, ConnectionError, TimeoutError):
                    time.sleep(0.02)
            else:
                raise RuntimeError("app.py ended before it answered")
            process.kill()

    def imports() -> None:
        program = "import torch, gradio, segmentation_models_pytorch"
        subprocess.run([sys.executable, "-c", program], check=True)

    whole = compare(serve, imports, rounds=3)
    yield (
        f"app.py to its first answer / bare imports: {whole.ratio:.2f} (at most 1.3)"
        f"   {whole.first:.1f} s / {whole.second:.1f} s"
    )
