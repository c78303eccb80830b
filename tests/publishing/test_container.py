"""The Dockerfile, as far as reading tells: no container is built here."""

from __future__ import annotations

import json
import re
import shlex

from publishing.upload import ROOT

LINES = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text("utf-8")).splitlines()
STEPS = [line.split(" ", 1) for line in LINES if line and not line.startswith("#")]


def steps(kind: str) -> list[str]:
    return [rest for step, rest in STEPS if step == kind]


def test_it_ends_as_an_ordinary_user_who_owns_none_of_the_program() -> None:
    (user,) = steps("USER")
    assert re.search(rf"useradd .*\b{user}\b", "\n".join(steps("RUN")))
    order = [step for step, _ in STEPS]
    assert max(index for index, step in enumerate(order) if step in ("RUN", "COPY")) < order.index("USER")
    assert not [each for each in steps("COPY") if "--chown" in each]


def test_what_is_written_goes_to_the_one_place_that_can_be_written() -> None:
    settings = dict(each.split("=", 1) for each in shlex.split(" ".join(steps("ENV"))))
    assert settings["HOME"] == "/tmp"
    assert settings["GRADIO_TEMP_DIR"].startswith("/tmp/")
    assert settings["PYTHONDONTWRITEBYTECODE"] == "1"
    assert "--read-only --tmpfs /tmp" in (ROOT / "Dockerfile").read_text("utf-8")


def test_it_holds_the_program_and_nothing_else() -> None:
    copied = {source for each in steps("COPY") for source in each.split()[:-1]}
    assert {"app.py", "segen", "assets", "requirements.txt", "LICENSE"} <= copied
    first, *kept = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert first == "*"
    assert {each.removeprefix("!") for each in kept if each.startswith("!")} == copied
    assert all((ROOT / source).exists() for source in copied)


def test_its_health_is_asked_where_it_is_told() -> None:
    (check,) = steps("HEALTHCHECK")
    command = json.loads(check[check.index("[") :])
    assert command[0] == "python"
    (address,) = re.findall(r"'(http://[^']+)'", command[-1])
    port = re.search(r"GRADIO_SERVER_PORT=(\d+)", " ".join(steps("ENV")))
    assert port
    assert address == f"http://127.0.0.1:{port[1]}/health"
    assert steps("EXPOSE") == [port[1]]
