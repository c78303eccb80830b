"""Networks in the visitor's own browser: what serves them lies in the folder `inference` beside this file.

It holds ONNX Runtime Web, a worker that runs it, and `network.js`, which fetches a card's network from
`segen.ui.framework.networks`; the page serves it under /inference and loads it when a network is asked for.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).with_name("inference")
