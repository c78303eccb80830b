"""The page as a Space: on a processor, on ZeroGPU, which lends a GPU for seconds, or its static twin.

The first two hold what `python app.py` needs and no more, as it is committed, the third what `static` builds.
https://huggingface.co/docs/hub/spaces-zerogpu says what ZeroGPU allows.
"""

from __future__ import annotations

import subprocess
from typing import Any

from huggingface_hub import SpaceCardData
from huggingface_hub.repocard import RepoCard

from publishing.model import published, repository_name
from publishing.upload import ROOT, Repository

APPS = ("cpu", "zerogpu")
FLAVOURS = (*APPS, "static")
SHIPPED = (
    "segen", "assets/examples", "assets/start", "assets/weights",
)  # fmt: skip
READ = (
    "LICENSE", "CITATION.cff",
    "docs/api.md", "docs/deploy.md", "docs/page.png", "docs/threats.md", "docs/use.md",
)  # fmt: skip
"""What every flavour tells."""
LEFT_OUT = ("segen/cli/", "segen/training/", "segen/__main__.py", "assets/start/make.py")
"""Of what ships: what the page never calls."""
UNUSED = (
    "accelerate", "filelock", "onnxscript", "tensorboard", "tomlkit", "torchmetrics", "tqdm", "tyro"
)  # fmt: skip
"""Requirements of commands and trainings alone."""
ZEROGPU = {"torch": "2.11.0", "torchvision": "0.26.0"}
"""The newest versions that ZeroGPU allows; it brings the package `spaces` itself."""
CPU_INDEX = "--extra-index-url https://download.pytorch.org/whl/cpu"
"""Where torch comes without several GB of CUDA."""
PYTHON = {"cpu": "3.11", "zerogpu": "3.12.12"}
STATIC = ("title", "emoji", "colorFrom", "colorTo", "license", "short_description")
"""Of the repository's front matter, what a static Space has, too."""
TAGS = ("image-segmentation", "image-generation", "image-to-image", "education", "gan", "diffusion")
BODY = """# Segen

A lab in a browser where one *sees* how image segmentation and image generation work, in English and in
Chinese. All of its networks were trained by the same repository and run here; the page loads nothing from
other servers.

The code is under the Apache License 2.0. The weights are not: each set carries the licence of the data that
it was trained on, several of them for non-commercial use or research alone.
[Use, licences and misuse](docs/use.md) · [what a stranger may do](docs/threats.md) · [the API](docs/api.md)
"""


def assemble(name: str, flavour: str) -> Repository:
    """The Space `name`, "OWNER/NAME", of a flavour. Raises WeightsError where a twin lacks weights."""
    told = {path: ROOT / path for path in _committed(*READ)}
    readme = {"README.md": _readme(name, flavour)}
    if flavour == "static":
        from publishing import static

        return Repository(name, "space", {**static.contents(), **told, **readme}, {"space_sdk": "static"})
    app = ROOT / ("app.py" if flavour == "cpu" else "publishing/zerogpu.py")
    required = {"requirements.txt": "\n".join(_requirements(flavour)) + "\n"}
    files = {path: ROOT / path for path in _committed(*SHIPPED) if not path.startswith(LEFT_OUT)}
    created = {"space_sdk": "gradio", **({} if flavour == "cpu" else {"space_hardware": "zero-a10g"})}
    return Repository(name, "space", {**files, **told, **readme, **required, "app.py": app}, created)


def _committed(*paths: str) -> list[str]:
    command = ["git", "ls-files", "-z", "--", *paths]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for path in listed.split("\0") if path]


def _readme(name: str, flavour: str) -> str:
    """The repository's own front matter with what a Space's page shows besides."""
    owner = name.partition("/")[0]
    told: dict[str, Any] = RepoCard.load(ROOT / "README.md").data.to_dict()
    if flavour == "static":
        told = {key: told[key] for key in STATIC} | {"sdk": "static"}
    else:
        told["python_version"] = PYTHON[flavour]
    told |= {
        "header": "mini",  # the page has a header of its own
        "thumbnail": f"https://huggingface.co/spaces/{name}/resolve/main/docs/page.png",
        "tags": list(TAGS),
        "models": [repository_name(owner, card) for card in published()],
    }
    return f"---\n{SpaceCardData(**told).to_yaml()}\n---\n\n{BODY}"


def _requirements(flavour: str) -> list[str]:
    pinned = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text("utf-8").split())
    pinned = {package: version for package, version in pinned.items() if package not in UNUSED}
    first = [CPU_INDEX] if flavour == "cpu" else []
    pinned |= {} if flavour == "cpu" else ZEROGPU
    return [*first, *(f"{package}=={version}" for package, version in pinned.items())]
