"""The file of names with hashed passwords: what is written is read, what cannot be used is named."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from segen.errors import UsageError
from segen.ui.framework import passwords
from tests.sentences import exactly

KNOWN = "$scrypt$ln=4,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg"
"""A small cost, and a salt."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "passwords"
    path.write_text(f"# who\n\nanna:{passwords.hashed('a b:c')}\n李:{passwords.hashed('密码')}\n", "utf-8")
    return path


def test_names_come_in_with_their_password_alone(file: Path) -> None:
    belongs = passwords.guard(passwords.read(file))

    async def tried() -> list[bool]:
        asked = [
            ("anna", "a b:c"),
            ("李", "密码"),
            ("anna", "密码"),
            ("anna", ""),
            ("nobody", "a b:c"),
            ("", ""),
        ]
        return [await belongs(*each) for each in asked]

    assert asyncio.run(tried()) == [True, True, False, False, False, False]


def test_no_password_stands_in_the_file(file: Path) -> None:
    assert "a b:c" not in file.read_text("utf-8")
    assert passwords.hashed("x") != passwords.hashed("x"), "each has a salt of its own"


def test_what_passlib_wrote_is_read(tmp_path: Path) -> None:
    """The line of passlib's documentation of its scrypt."""
    line = "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E"
    (tmp_path / "passwords").write_text(f"anna:{line}")
    found = passwords.read(tmp_path / "passwords")["anna"]
    assert found.fits("password")
    assert str(found) == line


@pytest.mark.parametrize(
    "line",
    [
        "anna", "anna:secret", ":" + KNOWN, f"anna:{KNOWN}", f"anna:{KNOWN}$%%", f"anna:{KNOWN}$A",
        f"anna:{KNOWN.replace('ln=4', 'ln=60')}$AAAA", f"anna:{KNOWN.replace('r=8', 'r=0')}$AAAA",
        f"b:{KNOWN}$AAAA\nb:{KNOWN}$AAAA",
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "passwords").write_text(f"# head\n{line}\n")
    with pytest.raises(UsageError, match=exactly("auth_line", file="passwords", line=2 + line.count("\n"))):
        passwords.read(tmp_path / "passwords")


def test_a_file_without_names_lets_nobody_in(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=exactly("auth_unreadable", file="passwords")):
        passwords.read(tmp_path / "passwords")
    (tmp_path / "passwords").write_text("# nobody\n")
    with pytest.raises(UsageError, match=exactly("auth_empty", file="passwords")):
        passwords.read(tmp_path / "passwords")
