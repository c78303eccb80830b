"""One lab on several machines: `segen serve` puts engines behind Ray Serve, and pages ask them."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import cast

from segen.engine import Engine
from segen.errors import UsageError

HERE = "127.0.0.1"


def engine(address: str | None = None) -> Engine:
    """An engine in this process or, with the address of a Ray cluster, the ones that `segen serve` put there.

    Raises UsageError where Ray is not installed, the cluster is not reached, or no engine is there.
    """
    if address is None:
        return Engine()
    use_ray(address)
    from segen.engine.remote import RemoteEngine

    return cast(Engine, RemoteEngine(address))


def use_ray(address: str) -> None:
    """Get ready to import Ray for the cluster at HOST:PORT. Raises UsageError where it is not installed.

    Ray reads its settings when it is imported. On 127.0.0.1 all of its servers listen there, and on no other
    address, only if it is told that there are no clusters.
    """
    if find_spec("ray") is None:
        raise UsageError("no_ray")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told what others do
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"  # what is left of a connection must not start a cluster
    if address.startswith(HERE):
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
