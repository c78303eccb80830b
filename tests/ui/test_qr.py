"""The QR code of the page's address: where it leads, and what is no address."""

from __future__ import annotations

import pytest

from segen.errors import InputError
from segen.text import LANGUAGES, words
from segen.ui.widgets import qr


def test_an_address_that_others_can_open_stays_as_it_is() -> None:
    shown = qr.contents("https://segen.example/?lang=zh&tab=models", "en", "")
    assert shown["link"] == "https://segen.example/?lang=zh&tab=models"
    assert shown["said"] == ""
    assert shown["svg"].startswith("<svg")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_address_of_this_computer_alone_is_told(language: str) -> None:
    shown = qr.contents("http://127.0.0.1:7860/?tab=start", language, "127.0.0.1")
    assert shown["link"] == "http://127.0.0.1:7860/?tab=start"
    assert shown["said"] == words(language, "page.qr_here_only")


def test_a_server_in_the_network_is_named_as_it_is_called_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qr, "_name_in_network", lambda: "192.168.1.20")
    shown = qr.contents("http://localhost:7860/?tab=start", "en", "0.0.0.0")
    assert shown["link"] == "http://192.168.1.20:7860/?tab=start"
    assert shown["said"] == ""


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "", 7, None, "http://", "http://a/" + "a" * 2000, "http://ä/"]
)
def test_what_is_no_address_is_refused(link: object) -> None:
    with pytest.raises(InputError):
        qr.contents(link, "en", "")
