"""What is asked of a running server: each public endpoint, and each event of the page, with odd arguments."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
import numpy as np

from benchmarks.fuzz.mutation import ODD, Dice, bytes_of, value_of
from benchmarks.server import serving, uploaded
from segen.imaging import images
from segen.text import LANGUAGES, catalogue

CALLS: dict[str, list[Any]] = {
    "models": ["segment"],
    "segment": ["picture", "unet-nuclei", ""],
    "cluster": ["picture", "kmeans", 3, "lab", 0.5, 0.05, 5],
    "generate": ["dcgan-fashion", 1, 1, "", 5, 1],
    "translate": ["picture", "cyclegan-nuclei", "forward", 1.0],
    "run": [{"version": 1, "steps": [{"task": "cluster", "model": "kmeans"}]}, "picture"],
}
SECONDS = 60


def attacked(folder: Path, seed: int, count: int) -> tuple[list[str], int]:
    """Lines to print, and the number of faults, of `count` calls of a server of its own."""
    with (
        serving(folder) as address,
        httpx.Client(base_url=f"{address}gradio_api/", timeout=SECONDS) as client,
    ):
        lines, faults = _calls(client, seed, count)
    log = folder / "server.log"
    traced = log.read_text(encoding="utf-8", errors="replace").count("Traceback")
    if traced:
        lines.append(log.read_text(encoding="utf-8", errors="replace")[-3_000:])
    return [*lines, f"tracebacks in the server's log: {traced}"], faults + traced


def _calls(client: httpx.Client, seed: int, count: int) -> tuple[list[str], int]:
    config = client.get("../config").json()
    events = [each for each in config["dependencies"] if each["backend_fn"]]
    private = [each for each in events if each["api_visibility"] == "private"]
    values = {each["id"]: each["props"].get("value") for each in config["components"]}
    lines, found, slowest = [], Counter[str](), 0.0
    picture = images.encode(np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8))
    for number in range(count):
        dice = Dice(seed, "served", number)
        name = dice.choice(list(CALLS)) if number % 2 else ""
        began = perf_counter()
        if name:
            outcome = _endpoint(client, name, picture, dice)
        else:
            outcome = _event(client, dice.choice(private), values, dice)
        slowest = max(slowest, perf_counter() - began)
        kind = outcome if outcome in ("answered", "refused") else "fault"
        found[kind] += 1
        if kind == "fault":
            lines.append(f"{name or 'event'} {dice}: {outcome[:300]}")
    lines.append(f"calls of a server: {dict(found)}, slowest {slowest:.1f} s")
    return lines, found["fault"]


def _endpoint(client: httpx.Client, name: str, picture: bytes, dice: Dice) -> str:
    content = bytes_of(picture, dice) if dice.random() < 0.4 else picture
    file = uploaded(client, content)
    data = [file if each == "picture" else each for each in CALLS[name]]
    if dice.random() < 0.9:
        data = value_of(data, dice)
    sent = {"data": data} if dice.random() < 0.95 else value_of({"data": data}, dice)
    answer = _post(client, f"call/{name}", sent, dice)
    if answer.status_code != 200:
        return _outcome(answer)
    try:
        told = client.get(f"call/{name}/{answer.json()['event_id']}").text.strip().split("\n\n")[-1]
    except httpx.ReadTimeout:
        return "no answer"
    kind, _, content_told = told.partition("\n")
    if kind == "event: complete":
        return "answered"
    return _sentence(json.loads(content_told.removeprefix("data: ")))


def _event(client: httpx.Client, event: dict[str, Any], values: dict[int, Any], dice: Dice) -> str:
    """An event of the page, by what says that it is a visit."""
    call: dict[str, Any] = {"fn_index": event["id"], "session_hash": f"v{dice.randrange(10**9)}"}
    data = [values.get(each) for each in event["inputs"]]
    call["data"] = value_of(data, dice) if dice.random() < 0.7 else [dice.choice(ODD) for _ in data]
    call["event_data"] = value_of({"index": [1, 2], "options": {"tab": "learn"}, "path": None}, dice)
    if not event["queue"]:
        return _outcome(_post(client, "run/predict", call, dice))
    joined = _post(client, "queue/join", call, dice)
    if joined.status_code != 200:
        return _outcome(joined)
    with client.stream("GET", "queue/data", params={"session_hash": call["session_hash"]}) as lines:
        for line in lines.iter_lines():
            told = json.loads(line.removeprefix("data: ") or "{}")
            if told.get("msg") == "process_completed":
                return "answered" if told["success"] else _sentence(told["output"])
    return "no answer"


def _post(client: httpx.Client, path: str, sent: Any, dice: Dice) -> httpx.Response:
    """JSON as Python alone writes it, with NaN; now and then it is not said to be JSON."""
    kind = {"Content-Type": "application/json"} if dice.random() < 0.95 else {}
    return client.post(path, content=json.dumps(sent), headers=kind)


def _outcome(answer: httpx.Response) -> str:
    try:
        told = answer.json()
    except ValueError:
        return f"{answer.status_code} {answer.text[:200]}"
    return "answered" if answer.status_code == 200 and "error" not in told else _sentence(told)


def _sentence(told: dict[str, Any]) -> str:
    """Whether an error is one of ours: it begins and ends as a sentence of the catalogue."""
    error = str(told.get("error") or told.get("detail"))
    unexpected = catalogue("en")["errors.unexpected"].split("{")[0]
    ours = any(known.fullmatch(error) for known in _sentences())
    return "refused" if ours and not error.startswith(unexpected) else error


@cache
def _sentences() -> list[re.Pattern[str]]:
    """What an error may say: the sentences of the catalogue with any values."""
    texts = [each for language in LANGUAGES for key, each in catalogue(language).items() if "errors." in key]
    parts = [map(re.escape, re.split(r"{\w+}", text)) for text in texts]
    return [re.compile(".*".join(each), re.DOTALL) for each in parts]
