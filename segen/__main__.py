from segen.cli import entry

entry()
