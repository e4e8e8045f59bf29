"""modules/bounded_calls: an answer of one word or none, and nobody starves whom we ask. (ORA-06, ORA-07)"""

from typing import Any

import boa
import pytest

from tests.conftest import load
from tests.oracle_market import BURNS_ALL, CALL_GAS, HUGE_ANSWER, WORD

QUESTION = bytes.fromhex("313ce567")
# As sent by a caller: its own frame takes a few thousand
ENOUGH = 1_000_000
REASON = "oracle: not enough gas"


@pytest.fixture(scope="module")
def calls() -> Any:
    return load("testing/BoundedCallsHarness.vy").deploy()


@pytest.fixture
def target() -> Any:
    return boa.env.generate_address("target")


def returning(length: int, value: int = 7) -> bytes:
    """mstore(0, value), return(0, length)"""
    return b"\x7f" + value.to_bytes(32, "big") + b"\x5f\x52\x61" + length.to_bytes(2, "big") + b"\x5f\xf3"


def ask(calls: Any, target: Any, code: bytes, data: bytes = QUESTION) -> tuple[bool, int]:
    boa.env.set_code(target, code)
    answer: tuple[bool, int] = calls.ask_word(target, data)
    return answer


@pytest.mark.parametrize("value", [0, 1, 7, 2**255, 2**256 - 1])
def test_ask_word__one_word__the_word(calls: Any, target: Any, value: int) -> None:
    assert ask(calls, target, returning(32, value)) == (True, value)


@pytest.mark.parametrize("length", [0, 1, 31, 33, 63, 64, 65, 96, 4096])
def test_ask_word__another_length__no_answer(calls: Any, target: Any, length: int) -> None:
    assert ask(calls, target, returning(length)) == (False, 0)


SILENT = {
    "nobody": b"",
    "stops": bytes.fromhex("00"),
    "reverts": bytes.fromhex("5f5ffd"),
    "reverts with one word": bytes.fromhex("60205ffd"),
    "invalid instruction": bytes.fromhex("fe"),
    "burns all gas": BURNS_ALL,
    "answers 393,215 bytes": HUGE_ANSWER,
    # sstore(0, 1), then a word
    "writes": bytes.fromhex("60015f5560205ff3"),
}


@pytest.mark.parametrize("what", SILENT)
def test_ask_word__fails__no_answer(calls: Any, target: Any, what: str) -> None:
    assert ask(calls, target, SILENT[what]) == (False, 0)


@pytest.mark.parametrize("length", [4, 36])
def test_ask_word__question__sent_as_it_is(calls: Any, target: Any, length: int) -> None:
    data = bytes(range(1, length + 1))
    # calldatasize, and the last word of the call data
    assert ask(calls, target, bytes.fromhex("365f5260205ff3"), data) == (True, length)
    assert ask(calls, target, bytes.fromhex("5f355f5260205ff3"), data) == (True, int.from_bytes(data.ljust(32, b"\0")[:32], "big"))
    assert ask(calls, target, bytes.fromhex("6004355f5260205ff3"), data) == (True, int.from_bytes(data[4:].ljust(32, b"\0"), "big"))


def test_ask_word__plenty_of_gas__the_target_gets_two_hundred_thousand(calls: Any, target: Any) -> None:
    # gas, mstore(0), return(0, 32)
    answered, gas = ask(calls, target, bytes.fromhex("5a5f5260205ff3"))
    assert answered
    assert gas == CALL_GAS - 2


@pytest.mark.parametrize("what", ["answers", "silent", "burns"])
def test_ask_word__any_gas__the_right_answer_or_a_revert(calls: Any, target: Any, what: str) -> None:
    """A target that takes 150,000 gas, answered in full; who sends too little gets no answer for us to take for silence."""
    # while gas > 50,000 (of 200,000): loop; then a word, or a revert
    burning = bytes.fromhex("5b61c3505a115f57")
    code = {"answers": burning + returning(32), "silent": burning + bytes.fromhex("5f5ffd"), "burns": BURNS_ALL}[what]
    boa.env.set_code(target, code)
    expected = ((7).to_bytes(32, "big"), 1) if what == "answers" else (bytes(32), 0)
    data = calls.ask_word.prepare_calldata(target, QUESTION)
    seen = set()
    for gas in range(20_000, 260_000, 2_000):
        with boa.env.anchor():
            outcome = boa.env.execute_code(to_address=calls.address, data=data, gas=gas)
        if outcome.is_error:
            seen.add(REASON if REASON.encode() in outcome.output else "out of gas")
            continue
        word, answered = expected
        assert (outcome.output[WORD : 2 * WORD], int.from_bytes(outcome.output[:WORD], "big")) == (word, answered), gas
        seen.add("answer")
    assert "answer" in seen
    assert what != "burns" or REASON in seen


def test_check_gas__success__whatever_is_left(calls: Any) -> None:
    assert calls.check_gas(True, 2**256 - 1, gas=ENOUGH) < ENOUGH


@pytest.mark.parametrize("given", [63 * 5_000, 63 * 5_000 + 62, 63 * 5_001, 200_000, 400_000])
def test_check_gas__failure__a_63rd_of_what_was_given_must_be_left(calls: Any, given: int) -> None:
    """For each amount of gas: let through exactly where more than floor(given / 63) was there at the check."""
    data = calls.check_gas.prepare_calldata(False, given)
    free = calls.check_gas.prepare_calldata(False, 0)
    through = set()
    for gas in range(given // 63 - 20, given // 63 + 900):
        with boa.env.anchor():
            let = not boa.env.execute_code(to_address=calls.address, data=data, gas=gas).is_error
        with boa.env.anchor():
            outcome = boa.env.execute_code(to_address=calls.address, data=free, gas=gas)
        # The same way through the code: so much is left right after the check
        through.add((int.from_bytes(outcome.output, "big"), let))
    least, most = min(left for left, let in through if let), max(left for left, let in through if not let)
    assert least == most + 1
    # The few instructions between the look at the gas and the end of the check
    assert 0 <= given // 63 + 1 - least < 60
