"""What is published: just the files that are needed, with what the hub reads about them, in one commit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from huggingface_hub.repocard import RepoCard

from publishing import model, space, static
from publishing.__main__ import main
from publishing.upload import ROOT, Repository
from segen.registry import cards, weights_root
from tests.publishing import hub as stand_in
from tests.test_layers import SOURCES, reached

CARD = "unet-nuclei"


def front(repository: Repository) -> dict[str, object]:
    text = repository.contents["README.md"]
    assert isinstance(text, str)
    return dict(RepoCard(text).data.to_dict())


def requirements(repository: Repository) -> dict[str, str]:
    text = repository.contents["requirements.txt"]
    assert isinstance(text, str)
    return dict(line.split("==") for line in text.splitlines() if not line.startswith("-"))


@pytest.mark.parametrize("flavour", space.APPS)
def test_a_space_holds_what_the_page_needs_and_no_more(flavour: str) -> None:
    asked = space.assemble("me/segen", flavour)
    paths = set(asked.contents)
    roots = ["segen.ui.app", "segen.engine", "segen.registry.folders", "segen.models.hub"]
    roots += [card.loader.split(":")[0] for card in cards()]
    modules = {name for root in roots for name in (root, *reached(root)) if name in SOURCES}
    assert {SOURCES[name].relative_to(ROOT).as_posix() for name in modules} <= paths
    assert {f"assets/weights/{card.name}/SHA256SUMS" for card in cards() if card.parameters} <= paths
    assert not [path for path in paths if path.startswith(("tests/", "benchmarks/", ".", "segen/training/"))]
    assert all(isinstance(each, str) or each.is_file() for each in asked.contents.values())
    for page in ("docs/use.md", "docs/threats.md", "docs/api.md", "docs/deploy.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text("utf-8")):
            assert os.path.normpath(f"docs/{target}") in paths, f"{page}: {target}"


def test_a_static_space_is_the_twin_with_what_the_hub_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static, "contents", lambda: {"index.html": "<p>", "networks/a.onnx": b"a"})
    asked = space.assemble("me/segen", "static")
    told = front(asked)
    assert (told["sdk"], told["header"], told["license"]) == ("static", "mini", "apache-2.0")
    assert not {"python_version", "app_file", "sdk_version"} & set(told)
    assert {"index.html", "networks/a.onnx", "docs/use.md", "docs/page.png", "LICENSE"} <= set(asked.contents)
    assert not {"app.py", "requirements.txt"} & set(asked.contents)
    assert asked.created == {"space_sdk": "static"}


@pytest.mark.parametrize("flavour", space.APPS)
def test_a_space_requires_what_the_page_imports_and_no_more(flavour: str) -> None:
    roots = ["segen.ui.app", "segen.engine", "segen.registry.folders", "segen.models.hub"]
    roots += [name for name in SOURCES if name.startswith("segen.models.")]
    imported = {name.partition(".")[0] for root in roots for name in reached(root)}
    providers = metadata.packages_distributions()
    brought = {each.lower().replace("_", "-") for name in imported for each in providers.get(name, [])}
    pinned = {name.lower().replace("_", "-") for name in requirements(space.assemble("me/segen", flavour))}
    known = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "requirements.txt").read_text().split()
    }
    assert brought & known == pinned


def test_each_flavour_has_front_matter_of_its_own() -> None:
    cpu, zerogpu = (space.assemble("me/segen", flavour) for flavour in ("cpu", "zerogpu"))
    for asked in (cpu, zerogpu):
        told = front(asked)
        assert told["sdk_version"] == requirements(asked)["gradio"]
        assert told["header"] == "mini"
        assert told["models"] == [f"me/segen-{card.name}" for card in model.published()]
        assert str(told["thumbnail"]).endswith("/spaces/me/segen/resolve/main/docs/page.png")
        assert "docs/page.png" in asked.contents
        assert told["app_file"] == "app.py"
    assert front(zerogpu)["python_version"] == "3.12.12"
    assert requirements(zerogpu)["torch"] == "2.11.0"
    assert zerogpu.created["space_hardware"] == "zero-a10g"
    assert "space_hardware" not in cpu.created
    assert cpu.contents["app.py"] == ROOT / "app.py"


def test_a_dry_run_prints_one_path_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    main(["model", CARD, "me", "--dry-run"])
    told = capsys.readouterr().out.splitlines()
    folder = weights_root() / CARD
    assert told == sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["model", "no-such", "me"], "invalid choice: 'no-such'"),
        (["model", "kmeans", "me"], "invalid choice: 'kmeans'"),  # it has no weights
        (["space", "me/segen", "--flavour", "docker"], "invalid choice: 'docker'"),
        (["model", CARD, "not a name"], "no name of a repository"),
    ],
)
def test_what_cannot_be_published_is_said_in_a_sentence(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert told in (capsys.readouterr().err if ended.value.code == 2 else str(ended.value))


def test_a_changed_byte_is_not_published(own_weights: object, capsys: pytest.CaptureFixture[str]) -> None:
    folder: Path = own_weights(CARD)  # type: ignore[operator]
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(SystemExit, match=CARD):
        main(["model", CARD, "me", "--dry-run"])


@pytest.fixture(scope="module")
def hub() -> Iterator[stand_in.Hub]:
    with stand_in.serving() as serving:
        yield serving


def published(address: str, *arguments: str, token: str = stand_in.TOKEN) -> subprocess.CompletedProcess[str]:
    """In a process of its own, since huggingface_hub reads its hub and token when it is imported."""
    settings = {
        **os.environ, "HF_ENDPOINT": address, "HF_TOKEN": token, "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1", "NO_PROXY": "127.0.0.1",
    }  # fmt: skip
    command = [sys.executable, "-m", "publishing", *arguments]
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=300)


def test_a_card_arrives_on_the_hub_whole(hub: stand_in.Hub) -> None:
    done = published(hub.address, "model", CARD, "me")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{hub.address}/me/segen-{CARD}\n"
    assert hub.made["name"] == f"segen-{CARD}"
    folder = weights_root() / CARD
    assert hub.files == {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }, "these files and no others: what is stale there goes"
    assert hub.by_lfs == {"model.safetensors", "int8.onnx"}
    assert hub.commits == 1


def test_who_has_no_token_is_told_what_to_do(hub: stand_in.Hub) -> None:
    done = published(hub.address, "model", CARD, "me", token="hf_wrong")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "hf auth login" in done.stderr


def test_a_hub_out_of_reach_is_told() -> None:
    done = published("http://127.0.0.1:9", "model", CARD, "me")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "network" in done.stderr


@pytest.mark.slow
def test_a_space_arrives_on_the_hub_whole(hub: stand_in.Hub) -> None:
    done = published(hub.address, "space", "me/segen", "--flavour", "zerogpu")
    assert (done.returncode, done.stdout) == (0, f"{hub.address}/spaces/me/segen\n")
    assert (hub.made["sdk"], hub.made["hardware"]) == ("gradio", "zero-a10g")
    asked = space.assemble("me/segen", "zerogpu").contents
    assert hub.files.keys() == asked.keys()
    assert all(
        content == (asked[path].read_bytes() if isinstance(asked[path], Path) else asked[path].encode())  # type: ignore[union-attr]
        for path, content in hub.files.items()
    )
