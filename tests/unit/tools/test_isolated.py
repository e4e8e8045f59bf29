"""Isolated markets off chain: what a stranger's token may say of itself, words for each refusal, the grade, which oracles are poked."""

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode

from plimsoll import isolated, pokes, presets
from plimsoll.attack.cost import PairMarket
from plimsoll.attack.gain import BORROW_AGAINST, BORROW_IT, CALL_DEBTS, SEIZE_IT, Terms
from plimsoll.attack.isolated import SIX_HOURS_BUCKETS, Reserve, at_stake, grades, listing
from plimsoll.attack.study import Listing, attacks
from plimsoll.isolated_markets import decimals_of, made_and_asked, plain, symbol_of
from plimsoll.rpc import RpcError, to_hex

WAD = 10**18
ROOT = Path(__file__).resolve().parents[3]
ADDRESS = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
SHORT = "0x5FbDB2…0aa3"


# ---------------------------------------------------------------- strangers


@pytest.mark.parametrize(
    "text, shown",
    [
        ("ODD", "ODD"),
        ("  spaced ", "spaced"),
        ("[red]FREE[/]", "redFREE/"),
        ("a\x1b[2Jb\n\r\tc", "a2Jbc"),
        ("\u202eDSU", "DSU"),
        ("A" * 500, "A" * 12),
        ("\u00fc\u4e2d", SHORT),
        ("", SHORT),
    ],
)
def test_symbol__anything__cannot_touch_a_terminal(text: str, shown: str) -> None:
    assert plain(text, SHORT) == shown
    assert symbol_of(to_hex(encode(["string"], [text[:200]])), ADDRESS) == shown


@pytest.mark.parametrize(
    "answer, shown",
    [
        (to_hex(b"OLD".ljust(32, b"\0")), "OLD"),
        (to_hex(b"\xff" * 32), SHORT),
        ("0x", SHORT),
        (to_hex(bytes(64)), SHORT),
        # a string that says it is longer than all memory
        (to_hex((32).to_bytes(32, "big") + b"\xff" * 32), SHORT),
        (RpcError("reverted"), SHORT),
    ],
)
def test_symbol__no_string__the_address(answer: Any, shown: str) -> None:
    assert symbol_of(answer, ADDRESS) == shown


@pytest.mark.parametrize(
    "answer, decimals",
    [
        (to_hex((6).to_bytes(32, "big")), 6),
        (to_hex((36).to_bytes(32, "big")), 36),
        (to_hex((37).to_bytes(32, "big")), None),
        (to_hex(b"\xff" * 32), None),
        ("0x", None),
        (to_hex(bytes(64)), None),
        (RpcError("reverted"), None),
    ],
)
def test_decimals__anything__a_number_or_none(answer: Any, decimals: int | None) -> None:
    assert decimals_of(answer) == decimals


def test_made_and_asked__jumps__land_on_their_mark() -> None:
    """The code that stands behind the program begins where the program says, and what fails jumps to a JUMPDEST."""
    code, question = bytes([0xAA]) * 300, bytes([0xBB]) * 36
    made = made_and_asked(code, question)
    start = len(made) - len(code) - len(question)
    assert made[start:] == code + question
    program = made[:start]
    # PUSH3 size, PUSH3 start
    assert program[:8] == b"\x62" + (300).to_bytes(3, "big") + b"\x62" + start.to_bytes(3, "big")
    targets = [int.from_bytes(program[m.start() + 1 : m.start() + 4], "big") for m in re.finditer(rb"\x62[\x00-\xff]{3}\x57", program)]
    assert len(targets) == 2
    assert all(program[t] == 0x5B for t in targets)


# ---------------------------------------------------------------- refusals


def test_refusals__every_reason_of_the_factory__has_words() -> None:
    source = (ROOT / "contracts/markets/MarketFactory.vy").read_text()
    reasons = set(re.findall(r'"(market: [a-z ]+)"', source))
    assert len(reasons) > 15
    assert reasons <= set(isolated.REFUSALS)
    assert {r for r in isolated.REFUSALS if r.startswith("market: ")} <= reasons
    others = ("oracle/IsolatedOracle.vy", "oracle/PriceOracle.vy", "lending/PoolConfigurator.vy")
    sources = "".join((ROOT / "contracts" / path).read_text() for path in others)
    assert all(f'"{reason}"' in sources for reason in set(isolated.REFUSALS) - reasons)


def test_refusal__of_whom__told_apart() -> None:
    assert isolated.refusal("market: no pair") == isolated.REFUSALS["market: no pair"]
    # known to be the factory's side, though without words of its own
    assert isolated.refusal("oracle: source is not a pool") == "oracle: source is not a pool"
    # of the token: the seeds come last
    for reason in ("insufficient allowance", "", "markets: ", "ERC20: market: no pair"):
        assert isolated.refusal(reason) is None


def test_propose__two_rate_models__each_side_its_own() -> None:
    preset = presets.load("nukem")
    terms = isolated.propose(preset, 2_000_000 * WAD, 200 * WAD, 200 * WAD, 10**30, "token's", quote_rate_model="quote's")
    assert (terms.token.rate_model, terms.quote.rate_model) == ("token's", "quote's")


def test_seeds__worth_a_unit_and_a_twentieth__rounded_up() -> None:
    # a token of 18 decimals at 200, a dollar of 6
    assert isolated.seeds(200 * WAD, 10**30, (18, 6)) == (5_250_000_000_000_000, 1_050_000)
    # 1.05 / 3 has no end
    assert isolated.seeds(3 * WAD, 10**30, (18, 6), 0)[0] == 333_333_333_333_333_334
    # tokens so dear that the pool's least, a thousandth of a token, is worth more: of 8 decimals at 40,000, and at 7 for each raw unit
    assert isolated.seeds(40_000 * 10**28, 10**30, (8, 6)) == (100_000, 1_050_000)
    assert isolated.seeds(7 * 10**36, 10**30, (6, 6))[0] == 1_000


# ---------------------------------------------------------------- the grade

# 10,000 tokens at 200: a depth of 2,000,000. t = (1 / sqrt(0.65 * 1.1) - 1) * depth = 365,248.19
PAIR = PairMarket(10_000 * WAD, 2_000_000 * 10**6, 2_500)
PRICE, UNIT = 200 * WAD, 10**30
TERMS = Terms(5_000, 11_000)


def market(token: tuple[int, int] = (1_800, 1_800), quote: tuple[int, int] = (1_000_000, 180_000), ltv_bps: int = 5_000) -> Listing:
    """Caps in whole tokens; 500,000 dollars lent, 40,000 of them out."""
    terms = Terms(ltv_bps, 11_000)
    odd = Reserve(1_000 * WAD, 0, token[0] * WAD, token[1] * WAD, terms, PRICE)
    usd = Reserve(460_000 * 10**6, 40_000 * 10**6, quote[0] * 10**6, quote[1] * 10**6, TERMS, UNIT)
    return listing("ODD/USD", ADDRESS, PAIR, odd, usd, 8_000, 500_000 * WAD)


def held(found: Listing, factor: str) -> dict[str, int]:
    return {a.what: a.blocks for a in attacks(found, Fraction(factor), 1, 12)}


def gains(found: Listing, factor: str) -> dict[str, int]:
    return {a.what: a.gain // WAD for a in attacks(found, Fraction(factor), 1, 12)}


def test_attacks__new_risk__must_be_held_for_six_hours_and_liquidation_for_half_an_hour() -> None:
    """A factor of 2 is 6,931 ticks: at 50 a second 138 seconds of way, rounded up to blocks, to the beginning of a bucket."""
    blocks = held(market(), "2")
    way = -(-138 // 12) * 12
    assert blocks == {
        BORROW_AGAINST: (way + 6 * 3_600) // 12,
        BORROW_IT: (way + 6 * 3_600) // 12,
        SEIZE_IT: (way + 1_800) // 12,
        CALL_DEBTS: (way + 1_800) // 12,
    }
    assert SIX_HOURS_BUCKETS * 180 == 6 * 3_600


def test_gain__debt_cap_of_the_quote__bounds_what_is_borrowed_against_the_token() -> None:
    # at four times the price and its depth, sqrt(4) times as deep, the loan by depth would be 2 * 365,248 * 50 % * 80 % = 292,198
    wide = gains(market(token=(10**9, 10**9), quote=(10**9, 10**9)), "4")[BORROW_AGAINST]
    # of which the collateral was worth a quarter of 730,496; the fees that stay in the pair make it a little deeper
    assert wide == pytest.approx(292_198 - 182_624, rel=0.01)
    # 60,000 may be owed: on collateral shown at 150,000, worth 37,500
    assert gains(market(token=(10**9, 10**9), quote=(10**9, 60_000)), "4")[BORROW_AGAINST] == 60_000 - 37_500
    # 100 tokens may be supplied: shown at 80,000, worth 20,000, lent 32,000
    assert gains(market(token=(100, 10**9), quote=(10**9, 10**9)), "4")[BORROW_AGAINST] == 32_000 - 20_000


def test_gain__caps_of_token_and_quote__bound_the_other_attacks() -> None:
    # 50 tokens may be owed, worth 10,000; shown at 2,500, on 6,250 dollars
    assert gains(market(token=(10**9, 50), quote=(10**9, 10**9)), "4")[BORROW_IT] == 10_000 - 6_250
    # 4,000 dollars may be supplied: they carry a debt shown at 1,600, worth 6,400
    assert gains(market(token=(10**9, 10**9), quote=(4_000, 10**9)), "4")[BORROW_IT] == 6_400 - 4_000
    # no debt of the token, nothing to call
    assert gains(market(token=(10**9, 0), quote=(10**9, 10**9)), "4")[CALL_DEBTS] == 0
    # collateral of 100 tokens, worth 20,000: at a quarter of the price, 5,000, all of it is taken from those who owe 5,000 / 1.1 then.
    # Their usage is 1 / (0.5 * 1.1), so that there is no fee
    assert gains(market(token=(100, 10**9), quote=(10**9, 10**9)), "4")[SEIZE_IT] == pytest.approx(20_000 - 5_000 / 1.1, abs=1)


def test_grades__alone__two_fees_are_all_that_it_costs() -> None:
    found = grades(market(), 12)
    assert found.grade_unopposed == "F"
    # six hours against arbitrage are worth more than all that could be taken: what is worst is a liquidation
    assert found.worst is not None
    assert found.worst.what in (SEIZE_IT, CALL_DEBTS)
    against = [a for a in attacks(market(), Fraction(2), 1, 12) if a.what == BORROW_AGAINST]
    assert against[0].grade(True) == "A"


def test_at_stake__what_may_still_be_lent__of_what_is_there() -> None:
    token = Reserve(0, 0, WAD, WAD, TERMS, PRICE)

    def stake(cash: int, debt: int, cap: int, of: Reserve = token) -> int:
        return at_stake(of, Reserve(cash * 10**6, debt * 10**6, 0, cap * 10**6, TERMS, UNIT)) // WAD

    assert stake(460_000, 40_000, 180_000) == 180_000
    assert stake(10_000, 40_000, 180_000) == 50_000
    # interest has grown beyond the cap
    assert stake(10_000, 190_000, 180_000) == 190_000
    # nothing can be borrowed against the token
    assert stake(460_000, 40_000, 180_000, Reserve(0, 0, WAD, WAD, Terms(0, 11_000), PRICE)) == 40_000


# ---------------------------------------------------------------- the keeper's choice


def one(name: str, worth: int) -> pokes._Market:
    return pokes._Market(name, "token", "quote", "oracle", worth=worth)


def test_chosen__most_lent_first__so_many_and_no_dust() -> None:
    markets = [one("a", 100), one("b", 99), one("c", 5_000), one("d", 300), one("e", 0)]
    assert [m.pool for m in pokes.chosen(markets, 2, 100)] == ["c", "d"]
    assert [m.pool for m in pokes.chosen(markets, 10, 100)] == ["c", "d", "a"]
    assert pokes.chosen(markets, 0, 100) == []


FEES = {"maxFeePerGas": 10, "maxPriorityFeePerGas": 1}
FACTORY = "0x" + "fa" * 20


def address(kind: int, number: int) -> str:
    return f"0x{kind:02x}{number:038x}"


class Chain:
    """Answers what the keeper asks of isolated markets, and counts."""

    url = shown = "http://test"

    def __init__(self, count: int):
        self.count = count
        # of an oracle, until when it keeps its pair; of a pool, raw dollars
        self.kept: dict[str, int] = {}
        self.lent: dict[str, int] = {}
        self.broken: set[str] = set()
        self.sent: list[str] = []
        self.mined = True
        self.requests = 0

    def batch(self, requests: list[Any], errors: bool = False) -> list[Any]:
        return [self.answer(params[0]) for _, params in requests]

    def eth_call(self, to: str, data: bytes, sender: str | None = None, block: int = 0, gas: int | None = None) -> bytes:
        assert gas is None or gas <= pokes.ORACLE_GAS
        answer = self.answer({"to": to, "data": to_hex(data)})
        if isinstance(answer, RpcError):
            raise answer
        return bytes.fromhex(answer[2:])

    def answer(self, call: dict[str, Any]) -> Any:
        self.requests += 1
        to, selector, arguments = call["to"].lower(), bytes.fromhex(call["data"][2:10]), bytes.fromhex(call["data"][10:])
        if to in self.broken:
            return RpcError("out of gas")
        if selector == pokes.COUNT.selector:
            return to_hex(self.count.to_bytes(32, "big"))
        if selector == pokes.MIN_DEBT.selector:
            return to_hex((100 * WAD).to_bytes(32, "big"))
        if selector == pokes.MARKETS.selector:
            first, size = int.from_bytes(arguments[:32], "big"), int.from_bytes(arguments[32:64], "big")
            page = [self.market(i) for i in range(first, min(first + size, self.count))]
            return to_hex(encode(["(bytes32,address,address,address,address,address,address,address,address,uint256,uint256,bool)[]"], [page]))
        if selector == pokes.RESERVE_STATE.selector:
            return to_hex(encode(["uint256"] * 5, [1, self.lent.get(to, 0), 0, 0, 0]))
        if selector == pokes.BAND.selector:
            return to_hex(encode(["uint256"] * 10, [10**30] + [0] * 9))
        if selector == pokes.KEPT_TS.selector:
            return to_hex(self.kept.get(to, 0).to_bytes(32, "big"))
        assert selector == pokes.POKE.selector
        return "0x"

    def market(self, i: int) -> tuple[Any, ...]:
        nobody = address(0, 0)
        return (bytes(32), address(1, i), address(2, i), address(3, 0), nobody, address(5, i), nobody, nobody, nobody, 0, 0, True)


class Sender(pokes.Line):
    """Sends to the list of the chain, which mines at once or not at all."""

    def __init__(self, chain: Chain, log: Any):
        self.chain = chain
        self.wallet = type("Wallet", (), {"address": ADDRESS})()
        self.log = log

    def tend(self, head: int, fees: dict[str, int]) -> bool:
        return self.chain.mined

    def send(self, to: str, data: bytes, gas: int, head: int, fees: dict[str, int]) -> str:
        assert gas == pokes.ORACLE_GAS
        self.chain.sent.append(to.lower())
        return "0xhash"


def keeper_of(chain: Chain, most: int) -> tuple[pokes.IsolatedPoker, list[str]]:
    said: list[str] = []

    def log(event: str, text: str, **fields: Any) -> None:
        if event == "error":
            said.append(text)

    return pokes.IsolatedPoker(chain, FACTORY, most, log, Sender(chain, log)), said  # type: ignore[arg-type]


def test_look__many_due__one_in_a_block_and_so_many_in_all() -> None:
    chain = Chain(5)
    chain.lent = {address(1, i): (i + 1) * 10**9 for i in range(5)}
    poker, _ = keeper_of(chain, 3)
    for now in range(10_000, 10_050):
        before = len(chain.sent)
        poker.look(1, now, FEES)
        assert len(chain.sent) - before <= 1
        chain.kept.update(dict.fromkeys(chain.sent[before:], now))
    # the three with the most lent, each once
    assert sorted(chain.sent) == [address(5, i) for i in (2, 3, 4)]


def test_look__nothing_due__asks_once_a_minute() -> None:
    chain = Chain(2)
    chain.lent = {address(1, 0): 10**9}
    chain.kept = {address(5, 0): 10_000 - pokes.DUE_SECONDS + 100}
    poker, _ = keeper_of(chain, 3)
    asked = []
    for now in range(10_000, 10_200):
        before = chain.requests
        poker.look(1, now, FEES)
        if chain.requests > before:
            asked.append(now)
        chain.kept |= dict.fromkeys(chain.sent, now)
    assert asked == [10_000, 10_060, 10_120, 10_180]
    # due at 10,100, seen at the next look
    assert chain.sent == [address(5, 0)]


def test_look__more_markets_than_fit_into_one_look__learnt_in_pieces() -> None:
    chain = Chain(3 * pokes.PIECE + 1)
    chain.lent = {address(1, 3 * pokes.PIECE): 10**12}
    poker, _ = keeper_of(chain, 1)
    most = 0
    for look in range(12):
        before = chain.requests
        poker.look(1, 10_000 + look * pokes.LOOK_SECONDS, FEES)
        most = max(most, chain.requests - before)
    assert len(poker.markets) == chain.count
    # count, least debt, a page, two for each of a piece, one oracle, one trial
    assert most <= 2 * pokes.PIECE + 5
    assert set(chain.sent) == {address(5, 3 * pokes.PIECE)}


def test_look__one_waits__nothing_else_is_sent() -> None:
    chain = Chain(2)
    chain.lent = {address(1, i): 10**9 for i in range(2)}
    chain.mined = False
    poker, _ = keeper_of(chain, 3)
    for now in range(10_000, 10_300):
        poker.look(1, now, FEES)
    assert chain.sent == []


def test_look__one_cannot_be_poked__rests_longer_each_time_and_is_said_once() -> None:
    chain = Chain(1)
    chain.lent = {address(1, 0): 10**9}
    poker, said = keeper_of(chain, 3)
    tried = []
    plain_answer = chain.answer

    def answer(call: dict[str, Any]) -> Any:
        if call["data"].startswith(to_hex(pokes.POKE.selector)):
            tried.append(now)
            return RpcError("reverted")
        return plain_answer(call)

    chain.answer = answer  # type: ignore[method-assign]
    for now in range(10_000, 20_000, 20):
        poker.look(1, now, FEES)
    # 600 s, 1,200 s, 2,400 s and 4,800 s later, at the next look
    assert tried == [10_000, 10_600, 11_800, 14_200, 19_000]
    assert said == [f"the oracle of the isolated market {poker.markets[0].pool[:8]}…0000 cannot be poked: reverted"]
    assert chain.sent == []


def test_look__a_reorganisation_takes_a_market_away__forgotten() -> None:
    chain = Chain(3)
    poker, _ = keeper_of(chain, 3)
    poker.look(1, 10_000, FEES)
    chain.count = 1
    poker.look(1, 10_100, FEES)
    assert len(poker.markets) == 1


def test_look__factory_does_not_answer__said_once_and_not_raised() -> None:
    chain = Chain(1)
    chain.broken = {FACTORY}
    poker, said = keeper_of(chain, 3)
    for now in range(10_000, 10_600, 60):
        poker.look(1, now, FEES)
    assert len(said) == 1
    assert said[0].startswith("isolated markets cannot be looked at: ")
