"""A new oracle agrees with the old one about every asset, or the asset is frozen and everybody gets time."""

from typing import Any

import boa
import pytest

from tests.configurator_world import DAY, HOUR, NO_BAND, WAD, ZERO, Market
from tests.conftest import load

GRACE = 4 * HOUR
DISAGREE = "configurator: oracles disagree"
PRICES = ("low", "high", "liquidation_high", "liquidation_low", "fresh_low", "fresh_high")
ETH = (190 * WAD, 210 * WAD, 205 * WAD, 195 * WAD, 199 * WAD, 201 * WAD, 10**24, 10**24, 1, 0)
DEPTH, LIQUIDATION_DEPTH, SOURCES, WHY = 6, 7, 8, 9

# Answers in words what it is told, or tries to change something
ODD_ORACLE = """
# pragma version 0.4.3
length: uint256
word: uint256
burns: bool
reverts: bool
target: address
call: Bytes[260]

@deploy
def __init__(length: uint256, word: uint256, burns: bool):
    self.length = length
    self.word = word
    self.burns = burns

@external
def set_reverts(reverts: bool):
    self.reverts = reverts

@external
def set_call(target: address, call: Bytes[260]):
    self.target = target
    self.call = call

@external
@view
def has_feed(asset: address) -> bool:
    return True

@external
@view
@raw_return
def band(asset: address) -> Bytes[384]:
    if self.burns:
        raise UNREACHABLE
    if self.target != empty(address):
        success: bool = raw_call(self.target, self.call, is_static_call=True, revert_on_failure=False)
        assert success
    word: bytes32 = convert(self.word, bytes32)
    all_words: Bytes[384] = concat(word, word, word, word, word, word, word, word, word, word, word, word)
    if self.reverts:
        raw_revert(slice(all_words, 0, self.length))
    return slice(all_words, 0, self.length)
"""

# Answers what another one does, for some millions of gas
HUNGRY_ORACLE = """
# pragma version 0.4.3
interface Oracle:
    def band(asset: address) -> uint256[10]: view
other: address
slots: HashMap[address, HashMap[uint256, uint256]]
count: uint256

@deploy
def __init__(other: address, count: uint256):
    self.other = other
    self.count = count

@external
@view
def has_feed(asset: address) -> bool:
    return True

@external
@view
def band(asset: address) -> uint256[10]:
    total: uint256 = 0
    for i: uint256 in range(self.count, bound=10_000):
        total += self.slots[asset][i]
    return staticcall Oracle(self.other).band(asset)
"""


@pytest.fixture(scope="module")
def odd() -> Any:
    return boa.loads_partial(ODD_ORACLE)


@pytest.fixture
def banded(market: Market) -> Market:
    """The old oracle tells a band for ETH in which all prices differ."""
    market.oracle.set_band(market.eth, ETH)
    return market


def other(market: Market, **changes: int) -> Any:
    """A new oracle that says the same, but for the changes."""
    oracle = market.new_oracle()
    band = list(ETH)
    for name, value in changes.items():
        band[PRICES.index(name) if name in PRICES else {"depth": DEPTH, "liquidation_depth": LIQUIDATION_DEPTH}[name]] = value
    oracle.set_band(market.eth, tuple(band))
    return oracle


def refuse(market: Market, oracle: Any, reason: str = DISAGREE) -> None:
    market.refuse("owner", "set_oracle", oracle, reason=reason)


def test_set_oracle__that_agrees__replaces_the_old_one_at_once(banded: Market) -> None:
    oracle = other(banded).address
    banded.by("owner", "set_oracle", oracle)
    assert banded.event() == ("OracleSet", banded.oracle.address, oracle, 0)
    assert banded.pool.oracle() == oracle
    assert banded.pool.guards() == (0, 0)


@pytest.mark.parametrize("name", PRICES)
def test_set_oracle__each_price__may_differ_by_five_percent(banded: Market, name: str) -> None:
    old = ETH[PRICES.index(name)]
    for price in (old * 95 // 100 - 1, old * 105 // 100 + 1, old * 9_499 // 10_000, old * 10_501 // 10_000, 0, 2**256 - 1):
        refuse(banded, other(banded, **{name: price}).address)
    for price in (old * 95 // 100, old * 105 // 100):
        with boa.env.anchor():
            banded.by("owner", "set_oracle", other(banded, **{name: price}).address)


def test_set_oracle__off_for_the_last_asset_alone__reverts(market: Market, new_token: Any) -> None:
    for symbol in ("A", "B", "C"):
        asset = new_token(symbol).address
        market.oracle.set(asset, WAD)
        market.list(asset)
    oracle = market.new_oracle()
    for id_ in range(2, 5):
        oracle.set(market.pool.reserve_at(id_), WAD * 10_501 // 10_000 if id_ == 4 else WAD)
    refuse(market, oracle.address)
    oracle.set(market.pool.reserve_at(4), WAD)
    market.by("owner", "set_oracle", oracle.address)


def test_set_oracle__depth__counts_where_it_decides_who_is_liquidated(banded: Market) -> None:
    deeper, thinner = other(banded, liquidation_depth=2 * 10**24), other(banded, liquidation_depth=95 * 10**22 - 1)
    elsewhere = other(banded, depth=1)
    for oracle in (deeper, thinner, elsewhere):
        with boa.env.anchor():
            banded.by("owner", "set_oracle", oracle.address)
    banded.by("owner", "set_depth_mode", banded.eth, 2)
    for oracle in (deeper, thinner):
        refuse(banded, oracle.address)
    banded.by("owner", "set_oracle", elsewhere.address)


def test_set_oracle__no_price_in_either__agrees(market: Market, new_token: Any) -> None:
    """What is listed and has no source yet does not stop a switch."""
    asset = new_token("NEW").address
    market.list(asset)
    market.by("owner", "set_oracle", market.new_oracle().address)


def test_set_oracle__dead_where_the_old_one_has_no_price__reverts(market: Market) -> None:
    """No answer is not the answer that there is no price."""
    for asset in (market.eth, market.usd):
        market.oracle.set_band(asset, NO_BAND)
    refuse(market, market.engine.address)


def test_set_oracle__without_a_price_that_the_old_one_has__reverts(market: Market) -> None:
    oracle = market.new_oracle()
    oracle.set_band(market.usd, NO_BAND)
    refuse(market, oracle.address)


def test_set_oracle__with_a_price_that_the_old_one_lacks__reverts(market: Market) -> None:
    """With nothing to compare it takes a freeze, and with it time."""
    oracle = market.new_oracle()
    market.oracle.set_band(market.usd, NO_BAND)
    refuse(market, oracle.address)


def test_set_oracle__blocked_in_one_alone__agrees(banded: Market) -> None:
    oracle = other(banded)
    oracle.set_why(banded.eth, 64)
    banded.by("owner", "set_oracle", oracle.address)


def test_set_oracle__no_code__reverts(market: Market) -> None:
    for nothing in (ZERO, market.address["attacker"]):
        refuse(market, nothing, "configurator: no code")


def test_set_oracle__that_reverts__reverts(market: Market) -> None:
    refuse(market, market.engine.address)


@pytest.fixture
def same_price(market: Market) -> Market:
    """An oracle that answers one word to everything agrees about all assets."""
    market.oracle.set(market.eth, 10**30)
    return market


def test_set_oracle__that_answers_ten_words__is_set(same_price: Market, odd: Any) -> None:
    same_price.by("owner", "set_oracle", odd.deploy(320, 10**30, False).address)
    assert same_price.pool.guards() == (0, 0)


@pytest.mark.parametrize("length", [0, 32, 256, 288, 319, 321, 352, 384])
def test_set_oracle__that_answers_another_length__reverts(same_price: Market, odd: Any, length: int) -> None:
    refuse(same_price, odd.deploy(length, 10**30, False).address)


def test_set_oracle__that_burns_all_gas__reverts(same_price: Market, odd: Any) -> None:
    refuse(same_price, odd.deploy(320, 10**30, True).address)


def test_set_oracle__that_reverts_with_what_would_agree__reverts(same_price: Market, odd: Any) -> None:
    oracle = odd.deploy(320, 10**30, False)
    oracle.set_reverts(True)
    refuse(same_price, oracle.address)


@pytest.mark.parametrize("function", ["pause_liquidation", "attach"])
def test_set_oracle__that_calls_back__reverts(market: Market, odd: Any, function: str) -> None:
    """It is only asked; what it tries to change fails, and with it its answer."""
    market.oracle.set(market.eth, 10**30)
    oracle = odd.deploy(320, 10**30, False)
    argument = 60 if function == "pause_liquidation" else market.pool.address
    oracle.set_call(market.configurator.address, getattr(market.configurator, function).prepare_calldata(argument))
    market.by("owner", "set_guardian", oracle.address)
    refuse(market, oracle.address)


# ---------------------------------------------------------------- many small steps


def dearer(market: Market, percent: int) -> Any:
    oracle = market.new_oracle()
    oracle.set(market.eth, (100 + percent) * 2 * WAD)
    return oracle.address


def test_set_oracle__step_by_step__goes_no_further_within_a_day(market: Market) -> None:
    """A timelock could take twenty steps in one operation."""
    market.by("owner", "set_oracle", dearer(market, 3))
    refuse(market, dearer(market, 6))
    market.by("owner", "set_oracle", dearer(market, 5))
    market.travel(DAY - 1)
    refuse(market, dearer(market, 6))
    # the step of an hour ago does not count as the price of a day ago
    market.by("owner", "set_oracle", dearer(market, 4))
    market.travel(1)
    market.by("owner", "set_oracle", dearer(market, 9))
    # from 4, where this day began
    refuse(market, dearer(market, 10))


def test_set_oracle__back_within_the_day__is_open(market: Market) -> None:
    market.by("owner", "set_oracle", dearer(market, 5))
    market.by("owner", "set_oracle", market.oracle.address)
    assert market.pool.guards() == (0, 0)


def test_set_oracle__off_the_present_one_alone__reverts(market: Market) -> None:
    market.by("owner", "set_oracle", dearer(market, 5))
    refuse(market, dearer(market, -3))
    market.by("owner", "set_oracle", dearer(market, 0))


def test_set_oracle__depth_step_by_step__goes_no_further_within_a_day(banded: Market) -> None:
    banded.by("owner", "set_depth_mode", banded.eth, 2)
    banded.by("owner", "set_oracle", other(banded, liquidation_depth=96 * 10**22).address)
    refuse(banded, other(banded, liquidation_depth=94 * 10**22).address)
    banded.travel(DAY)
    banded.by("owner", "set_oracle", other(banded, liquidation_depth=94 * 10**22).address)


def test_set_oracle__a_wrong_one_for_a_frozen_asset__is_put_right_within_the_day(market: Market) -> None:
    """Nothing that keeps an owner from leaping keeps him from going back."""
    market.by("steward", "freeze", market.eth)
    market.by("owner", "set_oracle", dearer(market, -50))
    market.travel(HOUR)
    market.by("owner", "set_oracle", market.oracle.address)
    assert market.pool.guards() == (market.now + GRACE, market.now + GRACE)
    market.by("owner", "unfreeze", market.eth)
    market.travel(HOUR)
    refuse(market, dearer(market, -50))


def test_set_oracle__before_anything_is_listed__begins_no_day(market: Market) -> None:
    deployer = market.address["deployer"]
    with boa.env.prank(deployer):
        fresh = load("lending/PoolConfigurator.vy").deploy(deployer, deployer, deployer)
        fresh.attach(load("testing/ScriptedPool.vy").deploy(fresh.address).address)
        fresh.set_oracle(market.engine.address)
        fresh.set_oracle(market.oracle.address)
        fresh.list_reserve(market.eth, market.model.address, 0, 11_000, 0)
        fresh.set_oracle(market.new_oracle().address)


# ---------------------------------------------------------------- frozen


def test_set_oracle__frozen_and_off__everybody_gets_time(market: Market) -> None:
    oracle = market.new_oracle()
    oracle.set(market.eth, 1)
    refuse(market, oracle.address)
    market.by("steward", "freeze", market.eth)
    market.by("owner", "set_oracle", oracle.address)
    opens = market.now + GRACE
    assert market.event() == ("OracleSet", market.oracle.address, oracle.address, opens)
    assert market.pool.guards() == (opens, opens)
    assert (market.pool.oracle(), market.pool.engine()) == (oracle.address, market.engine.address)
    assert market.of(market.eth).new_risk_ltv_bps == 0


def test_set_oracle__frozen_and_near__needs_no_time(market: Market) -> None:
    market.by("steward", "freeze", market.eth)
    market.by("owner", "set_oracle", market.new_oracle().address)
    assert market.pool.guards() == (0, 0)


def test_set_oracle__another_asset_is_frozen__reverts(market: Market) -> None:
    oracle = market.new_oracle()
    oracle.set(market.eth, 190 * WAD - 1)
    market.by("steward", "freeze", market.usd)
    refuse(market, oracle.address)


def test_set_oracle__unfrozen_again__reverts(market: Market) -> None:
    oracle = market.new_oracle()
    oracle.set(market.eth, 1)
    market.by("steward", "freeze", market.eth)
    market.by("owner", "unfreeze", market.eth)
    refuse(market, oracle.address)


def test_set_oracle__frozen_and_the_old_one_dead__is_replaced(market: Market, odd: Any) -> None:
    """An oracle that was set to nonsense does not keep its successor away."""
    for asset in (market.eth, market.usd):
        market.by("steward", "freeze", asset)
    for dead in (odd.deploy(0, 0, False), odd.deploy(320, 0, False), odd.deploy(320, 0, True), market.engine):
        market.by("owner", "set_oracle", dead.address)
        assert market.liquidation_from == market.now + GRACE
        # so that it is compared with the present one alone
        market.travel(DAY)
    market.by("owner", "set_oracle", market.oracle.address)
    assert market.pool.guards() == (market.now + GRACE, market.now + GRACE)


def test_set_oracle__a_longer_pause_of_liquidation__is_not_shortened(market: Market) -> None:
    market.by("guardian", "pause_liquidation", 6 * HOUR)
    market.by("steward", "freeze", market.eth)
    oracle = market.new_oracle()
    oracle.set(market.eth, 1)
    market.by("owner", "set_oracle", oracle.address)
    assert market.pool.guards() == (market.now + 10 * HOUR, market.now + 10 * HOUR)


def test_set_oracle__switched_while_there_is_no_engine__the_first_engine_waits(market: Market) -> None:
    deployer = market.address["deployer"]
    with boa.env.prank(deployer):
        fresh = load("lending/PoolConfigurator.vy").deploy(deployer, deployer, deployer)
        pool = load("testing/ScriptedPool.vy").deploy(fresh.address)
        fresh.attach(pool.address)
        fresh.set_oracle(market.oracle.address)
        fresh.list_reserve(market.eth, market.model.address, 0, 11_000, 0)
        fresh.freeze(market.eth)
        fresh.set_oracle(load("testing/ConstantOracle.vy").deploy().address)
        opens = market.now + GRACE
        assert pool.guards() == (opens, 0)
        assert pool.engine() == ZERO
        fresh.set_engine(load("testing/NamedEngine.vy").deploy(pool.address).address)
        assert pool.guards() == (opens, opens)


def test_set_oracle__too_little_gas__does_not_pass_for_a_disagreement(market: Market) -> None:
    """Who executes a switch, and would rather not be liquidated today, must not make a frozen asset's oracle silent."""
    hungry = boa.loads(HUNGRY_ORACLE, market.oracle.address, 2_000)
    for asset in (market.usd, market.eth):
        market.by("steward", "freeze", asset)
    outcomes = []
    # 4.6 million for each asset: it is the second one that has too little
    for gas in (9_400_000, 12_000_000):
        with boa.env.anchor():
            try:
                with boa.env.prank(market.address["owner"]):
                    market.configurator.set_oracle(hungry.address, gas=gas)
                assert market.event()[-1] == 0, f"a grace period, for {gas} gas"
                outcomes.append("set")
            except boa.BoaError as error:
                outcomes.append("not enough gas" if "configurator: not enough gas" in str(error) else "out of gas")
    assert outcomes == ["not enough gas", "set"]
