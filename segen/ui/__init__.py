"""The web page: `segen.ui.app.build_app(engine)` and `launch_options()`."""
