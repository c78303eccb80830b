"""Starts the web app. Host and port are Gradio's to rule: GRADIO_SERVER_NAME, GRADIO_SERVER_PORT."""

from segen.engine import Engine
from segen.ui import build_app, launch_options

if __name__ == "__main__":
    build_app(Engine()).launch(**launch_options())
