"""python -m publishing space OWNER/NAME, model CARD OWNER, or static DIR; see --help of each."""

from __future__ import annotations

import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

import httpx2
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from publishing import model, space
from publishing.upload import Repository, write
from segen.errors import SegenError


def main(arguments: list[str] | None = None) -> None:
    """Show or upload what was asked for; ends the program with one sentence if that fails."""
    parser = ArgumentParser(prog="publishing", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    page, card, twin = (kinds.add_parser(kind) for kind in ("space", "model", "static"))
    page.add_argument("name", metavar="OWNER/NAME")
    page.add_argument("--flavour", choices=space.FLAVOURS, required=True)
    card.add_argument("card", choices=[each.name for each in model.published()])
    card.add_argument("owner", metavar="OWNER", help="it is published as OWNER/segen-CARD")
    twin.add_argument("folder", metavar="DIR", type=Path, help="a folder that is not there yet")
    for each in (page, card):
        each.add_argument("--dry-run", action="store_true", help="print the paths and send nothing")
    given = parser.parse_args(arguments)
    try:
        if given.kind == "static":
            _built(given.folder)
            return
        asked = (
            space.assemble(given.name, given.flavour)
            if given.kind == "space"
            else model.assemble(given.card, given.owner)
        )
        for line in sorted(asked.contents) if given.dry_run else [_uploaded(asked)]:
            print(line)
    except SegenError as fault:
        sys.exit(fault.sentence())


def _built(folder: Path) -> None:
    """Write the static twin into a folder that is not there yet, all of it or nothing."""
    if folder.exists():
        sys.exit(f"{folder} exists: name a folder that is not there yet.")
    from publishing import static

    folder.resolve().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.resolve().parent) as temporary:
        write(Path(temporary, "twin"), static.contents())
        Path(temporary, "twin").rename(folder)
    print(f"{folder} is ready: python -m http.server --directory {folder}")


def _uploaded(asked: Repository) -> str:
    try:
        return asked.upload()
    except HFValidationError:
        sys.exit(f"{asked.name} is no name of a repository: give OWNER/NAME, of letters, digits, - and dots.")
    except HfHubHTTPError as fault:
        status = fault.response.status_code
        sys.exit(f"The hub refused {asked.name} ({status}): log in with `hf auth login`, to write.")
    except (httpx2.HTTPError, ConnectionError):
        sys.exit("The hub cannot be reached: look whether there is a network, and try again.")


if __name__ == "__main__":
    main()
