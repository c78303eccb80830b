"""Starts the web app. Host and port are Gradio's to rule: GRADIO_SERVER_NAME, GRADIO_SERVER_PORT."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from segen.engine import serving
from segen.errors import UsageError
from segen.models import hub
from segen.registry import folders
from segen.text import words
from segen.ui.app import build_app, launch_options
from segen.ui.framework import downloads, passwords

if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--pipelines", type=Path, metavar="DIR", help="a folder of diffusers pipelines")
    parser.add_argument("--hub", metavar="OWNER/NAME", help="a diffusers pipeline on the Hugging Face hub")
    parser.add_argument("--classroom", action="store_true", help="large type, a QR code, limits for visitors")
    parser.add_argument("--cards", type=Path, metavar="DIR", help="models of your own that segen pack wrote")
    parser.add_argument("--auth-file", type=Path, metavar="FILE", help="names with hashed passwords")
    parser.add_argument("--mcp", action="store_true", help="the API as tools of an MCP server, too")
    parser.add_argument("--serve", metavar="HOST:PORT", help="ask the cluster that segen serve started")
    parser.add_argument("--share", action="store_true", help="a public link; what it shares is said")
    chosen = parser.parse_args()
    try:
        if chosen.cards:
            folders.add_all(chosen.cards)
        if chosen.pipelines:
            hub.add_all(chosen.pipelines)
        if chosen.hub:
            hub.add(hub.download(chosen.hub), name=chosen.hub.replace("/", "--"))
        guard = passwords.guard(passwords.read(chosen.auth_file)) if chosen.auth_file else None
        options, engine = launch_options(guard, chosen.mcp), serving.engine(chosen.serve)
    except UsageError as error:
        sys.exit(error.sentence())
    if chosen.share:
        print(words("en", "page.shared"))
    with downloads.own_cache():
        build_app(engine, chosen.classroom).launch(share=chosen.share or None, **options)
