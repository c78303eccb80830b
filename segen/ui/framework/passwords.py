"""Who may come in: a file of names with hashed passwords.

Each line is NAME:$scrypt$ln=14,r=8,p=1$SALT$HASH, in the form of the Password Hashing Competition, which
passlib writes, too; SALT and HASH are base64 without padding. Empty lines and those that begin with # are
passed over. `python -m segen.ui.framework.passwords NAME` asks for a password and prints such a line.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sys
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from getpass import getpass
from pathlib import Path

from anyio import CapacityLimiter, to_thread

from segen.errors import UsageError

LOG2_COST, BLOCK, PARALLEL = 14, 8, 1
"""Of scrypt: 16 MB and some 50 ms for each try."""
MAX_BYTES = 100_000_000
"""What one try may take."""
Guard = Callable[[str, str], Awaitable[bool]]
"""Whether a name and a password fit each other."""
_LINE = re.compile(r"(?P<name>[^:\s]{1,60}):\$scrypt\$ln=(\d\d?),r=(\d\d?),p=(\d)\$([\w+/]+)\$([\w+/]+)")


@dataclass(frozen=True)
class Password:
    """A password as scrypt hashed it."""

    log2_cost: int
    block: int
    parallel: int
    salt: bytes
    digest: bytes

    def fits(self, password: str) -> bool:
        """Whether this is the password; it takes as long whether or not it is."""
        return hmac.compare_digest(self.digest, _digest(password, self))

    def __str__(self) -> str:
        salt, digest = (b64encode(each).decode().rstrip("=") for each in (self.salt, self.digest))
        return f"$scrypt$ln={self.log2_cost},r={self.block},p={self.parallel}${salt}${digest}"


def hashed(password: str) -> Password:
    """A password with a salt of its own."""
    made = Password(LOG2_COST, BLOCK, PARALLEL, secrets.token_bytes(16), b"")
    return Password(LOG2_COST, BLOCK, PARALLEL, made.salt, _digest(password, made, 32))


def read(file: Path) -> dict[str, Password]:
    """The passwords of a file by name. Raises UsageError, which names the line that cannot be used."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError):
        raise UsageError("auth_unreadable", file=file.name) from None
    found: dict[str, Password] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        told = _LINE.fullmatch(line.strip())
        if not told or told["name"] in found:
            raise UsageError("auth_line", file=file.name, line=number)
        cost, block, parallel = (int(each) for each in told.groups()[1:4])
        try:
            salt, digest = (b64decode(f"{each}===") for each in told.groups()[4:])
            found[told["name"]] = Password(cost, block, parallel, salt, digest)
            found[told["name"]].fits("")
        except (BadBase64, ValueError):  # numbers that scrypt refuses, too
            raise UsageError("auth_line", file=file.name, line=number) from None
    if not found:
        raise UsageError("auth_empty", file=file.name)
    return found


def guard(passwords: dict[str, Password]) -> Guard:
    """What Gradio asks whether a name and a password fit each other: one try at a time, in another thread."""
    one, nobody = CapacityLimiter(1), hashed(secrets.token_hex())

    async def belongs(name: str, password: str) -> bool:
        known = passwords.get(name, nobody)  # an unknown name takes as long
        return await to_thread.run_sync(partial(known.fits, password[:1_000]), limiter=one)

    return belongs


def _digest(password: str, of: Password, length: int = 0) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "replace"),
        salt=of.salt,
        n=2**of.log2_cost,
        r=of.block,
        p=of.parallel,
        maxmem=MAX_BYTES,
        dklen=length or len(of.digest),
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: python -m segen.ui.framework.passwords NAME")
    print(f"{sys.argv[1]}:{hashed(getpass())}")
