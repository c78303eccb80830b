"""A Ray cluster and what is on it: an application for each task, whose replicas run engines.

To be imported after `serving.use_ray`.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from socket import create_connection
from typing import Any

import ray
from ray import serve
from ray.serve.config import AutoscalingConfig
from ray.serve.schema import ReplicaState

from segen.engine.serving import HERE
from segen.errors import UsageError
from segen.registry import TASKS

OBJECTS_BYTES = 200_000_000
"""Shared memory of a cluster that is started here, for what goes to and fro."""
REACHED_SECONDS = 5.0
AT_ONCE = 16
"""Requests that a replica works on in turns; others wait, or go to another one."""
BUSY = 2
"""With more requests than this for each replica on the average, another replica is started."""
LEAVE_SECONDS = 60
"""A replica that is replaced may finish its work for so long; what is left then is asked of another one."""
QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": "warning"}


@dataclass(frozen=True)
class Scale:
    """Of each task: the least and most replicas, and what one claims; `cards` is a folder of one's own."""

    least: int = 1
    most: int = 4
    cores: float = 0.5
    gpus: float = 0.0
    cards: str | None = None


def start(port: int) -> str:
    """Start a cluster that this machine alone can reach, and that ends with this process.

    Returns its address; Prometheus finds the metrics at the next port. Raises UsageError where Ray does not
    start.
    """
    os.environ["RAY_GCS_SERVER_PORT"] = str(port)
    try:
        ray.init(
            address="local",
            include_dashboard=False,
            object_store_memory=OBJECTS_BYTES,
            _metrics_export_port=port + 1,
            _system_config={"worker_niceness": 0},  # else its work waits for that of every other program
            **QUIET,
        )
    except Exception as fault:  # Ray tells by its kind neither a port in use nor a machine too slow
        raise UsageError("cluster_not_started", port=port) from fault
    return f"{HERE}:{port}"


def join(address: str) -> None:
    """Use the cluster at HOST:PORT. Raises UsageError where there is none."""
    if ray.is_initialized():
        return
    host, _, port = address.rpartition(":")
    try:
        create_connection((host, int(port)), REACHED_SECONDS).close()  # Ray itself would try for minutes
        ray.init(address=address, **QUIET)
    except (OSError, OverflowError, RuntimeError, ValueError) as fault:
        raise UsageError("no_cluster", address=address) from fault


def deploy(scale: Scale) -> None:
    """Put every task on the cluster, or renew it replica by replica; returns when all of them answer."""
    serve.start(proxy_location="Disabled", logging_config={"log_level": "WARNING"})
    targets = [application({"task": task, **asdict(scale)}) for task in TASKS]
    serve.run_many([serve.RunTarget(*each, None) for each in zip(targets, TASKS, strict=True)])


def application(arguments: dict[str, Any]) -> serve.Application:
    """The application of one `task` with the fields of Scale; KubeRay asks for it by its name, too."""
    from segen.engine.replica import Replica

    scale = Scale(**{name: value for name, value in arguments.items() if name != "task"})
    deployment = serve.deployment(
        Replica,
        name=str(arguments["task"]),
        max_ongoing_requests=AT_ONCE,
        graceful_shutdown_timeout_s=LEAVE_SECONDS,
        ray_actor_options={"num_cpus": scale.cores, "num_gpus": scale.gpus},
        autoscaling_config=AutoscalingConfig(
            min_replicas=scale.least, max_replicas=scale.most, target_ongoing_requests=BUSY
        ),
    )
    return deployment.bind(scale.cards)


def ready() -> bool:
    """Whether each task has a replica that runs."""
    found = serve.status().applications
    return all(
        task in found
        and all(each.replica_states.get(ReplicaState.RUNNING) for each in found[task].deployments.values())
        for task in TASKS
    )
