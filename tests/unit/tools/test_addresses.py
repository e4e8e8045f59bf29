"""The address book as a file."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from plimsoll import addresses
from plimsoll.addresses import AddressBook, BookError, is_address
from plimsoll.errors import Problem

A = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
B = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"


def content(**changes: Any) -> dict[str, Any]:
    contract = {"contract": "Lens", "address": A, "code_hash": "0x1"}
    token = {"address": A, "symbol": "USD", "decimals": 6}
    book = {"format": 1, "chain_id": 1, "genesis": "0x1", "complete": True, "block": 5, "steps": {}}
    book |= {"contracts": {"Lens": contract}, "tokens": {"dollar": token}}
    return {**book, **changes}


def read(tmp_path: Path, data: Any) -> AddressBook:
    path = tmp_path / "1.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return AddressBook.read(path)


def test_read__as_written__names_tokens_and_checksums(tmp_path: Path) -> None:
    book = read(tmp_path, content(tokens={"dollar": {"address": A.lower(), "symbol": "USD", "decimals": 6}}))
    assert book.address("Lens") == A
    assert (book.token("dollar").address, book.token("dollar").unit) == (A, 10**6)
    assert (book.names, book.block, book.token_at(B)) == (["Lens"], 5, None)
    with pytest.raises(BookError, match="has no Pool: deploy again"):
        book.address("Pool")
    with pytest.raises(BookError, match="has no token 'gold'"):
        book.token("gold")


def entry(**changes: Any) -> dict[str, Any]:
    return {k: v for k, v in {"contract": "Lens", "address": A, "code_hash": "0x1", **changes}.items() if v is not None}


@pytest.mark.parametrize(
    "data, message",
    [
        ("{", "is not JSON .*: restore it, or delete it and deploy again"),
        ([], "this is no address book"),
        ({"a": 1}, "this is no address book"),
        (content(format=2), "has format 2, this version reads 1"),
        (content(chain_id="1"), "'chain_id' is missing or of the wrong kind"),
        (content(contracts=[]), "'contracts' is missing or of the wrong kind"),
        (content(contracts={"Lens": A}), "contracts.Lens must be a group of fields"),
        (content(contracts={"Lens": entry(code_hash=None)}), "contracts.Lens has no 'code_hash'"),
        (content(contracts={"Lens": entry(address="0x12")}), "contracts.Lens: '0x12' is no address"),
        (content(contracts={"Lens": entry(address=A[:-1] + "4")}), f"contracts.Lens: {A[:-1]}4 has a typing mistake"),
        (content(contracts={"Lens": entry(), "Pool": entry()}), f"Pool and Lens have the same address {A}"),
        (
            content(tokens={r: {"address": A, "symbol": "X", "decimals": 6} for r in ("dollar", "gold")}),
            f"tokens gold and dollar have the same address {A}",
        ),
    ],
)
def test_read__bad_form__named(tmp_path: Path, data: Any, message: str) -> None:
    with pytest.raises(BookError, match=rf"1\.json:? .*{message}|1\.json: {message}|1\.json {message}"):
        read(tmp_path, data)


def test_read__missing__says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BookError, match=r"7\.json is missing: deploy first \(`ape run deploy`\)"):
        AddressBook.read(AddressBook.path_for(7, tmp_path))


def test_locked__twice__second_refused(tmp_path: Path) -> None:
    book = read(tmp_path, content())
    with book.locked(), pytest.raises(BookError, match=r"another deployment that writes to .* is running"), book.locked():
        pass
    with book.locked():
        pass


@pytest.mark.parametrize("failing", ["replace", "fsync"])
def test_write_atomically__dies_meanwhile__old_content_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    path = tmp_path / "deep" / "file.json"
    addresses.write_atomically(path, "old")

    def die(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, failing, die)
    with pytest.raises(Problem, match=r"file\.json cannot be written: no space left"):
        addresses.write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_write_atomically__no_folder_can_be_there__one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem, match=r"book\.json cannot be written: Not a directory"):
        addresses.write_atomically(tmp_path / "file" / "deep" / "book.json", "new")


def test_locked__no_folder_can_be_there__one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    book = AddressBook(tmp_path / "file" / "deep" / "31337.json", {})
    with pytest.raises(BookError, match=r"the folder .*deep cannot be used: Not a directory"), book.locked():
        pass


@pytest.mark.parametrize(
    "text, expected",
    [
        ("0x" + "ab" * 20, True),
        ("0x" + "AB" * 20, True),
        ("0x" + "12" * 20, True),
        ("0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB", True),
        # one letter in the other case
        ("0xABaBaBaBABabABabAbAbABAbABabababaBaBABab", False),
        ("0x" + "ab" * 19, False),
        ("ab" * 20, False),
        ("0x" + "xy" * 20, False),
        ("", False),
    ],
)
def test_is_address__checksum__a_typing_mistake_breaks_it(text: str, expected: bool) -> None:
    assert is_address(text) is expected
