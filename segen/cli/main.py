"""The entry point of the `segen` command and its exit codes; its sub-commands are in `segen.cli.commands`."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Sequence

from segen.errors import CardError, InputError, UsageError, sentence
from segen.text import words


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code: 0 done, 1 failed, 2 usage, 130 stopped."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other people's, which no user of the command can act on
            try:
                from segen.cli import commands  # here, since Ctrl-C may come while it loads

                code = commands.run(arguments)
            except SystemExit as stop:
                code = int(stop.code or 0)
        print(end="", flush=True)
        return code
    except KeyboardInterrupt:
        print(words("en", "cli.stopped"), file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader has seen enough, as `head` does; spare Python's own last flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        print(sentence(error), file=sys.stderr)
        # A fault of a picture was reported with its name; an error that arrives here is one of options.
        return 2 if isinstance(error, CardError | InputError | UsageError) else 1


def entry() -> None:
    """The console script."""
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not break off the interpreter's end
    # Under `python -m`, CPython ends by the signal, whatever was caught, if an interrupt left the string that
    # was executed last, as dataclasses and named tuples execute some while they are imported.
    exec("")
    sys.exit(code)
