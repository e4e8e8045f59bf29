"""A compiled contract is read again as long as nothing that it was compiled from has changed, and no longer."""

from pathlib import Path
from typing import Any

import boa
import pytest
from boa import interpret

from tests.conftest import load

MODULE = """\
@internal
def _answer() -> uint256:
    return 41
"""
INTERFACE = """\
@external
def answer() -> uint256: ...
"""
SOURCE = """\
import module
import shape

implements: shape

@deploy
def __init__(least: uint256):
    assert least > 0, "none"

@external
def answer() -> uint256:
    return module._answer()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("module.vy", MODULE), ("shape.vyi", INTERFACE), ("main.vy", SOURCE)):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answer(folder: Path) -> int:
    return int(boa.load_partial(str(folder / "main.vy")).deploy(1).answer())


def refuse(*_: Any) -> None:
    raise AssertionError("compiled again")


def test_contract__nothing_changed__is_not_compiled_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert answer(folder) == 41
    monkeypatch.setattr(interpret, "CompilerData", refuse)
    assert answer(folder) == 41


@pytest.mark.parametrize(
    "name, old, new, expected",
    [("module.vy", "41", "42", 42), ("main.vy", "module._answer()", "module._answer() + 2", 43)],
)
def test_contract__a_source_changed__is_compiled_again_and_so_is_the_way_back(
    folder: Path, name: str, old: str, new: str, expected: int
) -> None:
    assert answer(folder) == 41
    text = (folder / name).read_text()
    (folder / name).write_text(text.replace(old, new))
    assert answer(folder) == expected
    (folder / name).write_text(text)
    assert answer(folder) == 41


def test_contract__an_interface_changed__no_longer_compiles(folder: Path) -> None:
    assert answer(folder) == 41
    (folder / "shape.vyi").write_text(INTERFACE.replace("answer", "another"))
    with pytest.raises(Exception, match="another"):
        answer(folder)


def test_constructor__fails__is_found_in_the_source_by_a_map_made_once(folder: Path) -> None:
    deployer = boa.load_partial(str(folder / "main.vy"))
    with boa.reverts("none"):
        deployer.deploy(0)
    first, second = deployer.deploy(1), deployer.deploy(2)
    assert first._deployment_source_map is second._deployment_source_map
    assert load("testing/TestToken.vy") is load("testing/TestToken.vy")


def test_anchor__left__nothing_of_it_remains_and_what_was_before_is_as_it_was() -> None:
    accounts = boa.env.evm.vm.state._account_db
    someone = boa.env.generate_address()
    old, untouched = (load("testing/TestToken.vy").deploy(name, name, 18) for name in ("OLD", "UNT"))
    old.mint(someone, 5)

    def sizes() -> tuple[int, ...]:
        return len(boa.env._contracts), len(boa.env._code_registry), len(accounts._dirty_accounts)

    before = sizes()
    for _ in range(3):
        with boa.env.anchor():
            new = load("testing/TestToken.vy").deploy("NEW", "NEW", 18)
            assert new.balanceOf(someone) == 0, "of another token at the same address"
            new.mint(someone, 7)
            old.mint(someone, 1)
            with boa.env.anchor():
                # first written to within
                untouched.mint(someone, 3)
                old.mint(someone, 1)
                assert (untouched.balanceOf(someone), old.balanceOf(someone)) == (3, 7)
            assert (untouched.balanceOf(someone), old.balanceOf(someone), new.balanceOf(someone)) == (0, 6, 7)
            with boa.reverts():
                untouched.transfer(old, 1, sender=someone)
            untouched.mint(someone, 2)
            assert boa.env.lookup_contract(new.address) is new
        assert (untouched.balanceOf(someone), old.balanceOf(someone)) == (0, 5)
        assert boa.env.get_code(new.address) == b""
        assert boa.env.lookup_contract(new.address) is None
        assert sizes() == before
