"""ERC-4626, sentence by sentence, in each state that a reserve can be in; and the vault in the hands of several holders.

What the text says, with the numbers that the tests name. Where the pool or the vault is locked, in a callback of the asset, prices
revert, and while the vault is, all views (tests/unit/reserve_vault/test_manipulation.py): there the "never" of V-04 does not hold, and
that of V-13 and V-18 only where the pool is locked alone.

  asset            V-01 an ERC-20, never reverts
  totalAssets      V-02 includes what has compounded; V-03 and any fees charged; V-04 never reverts
  convertToShares, convertToAssets
                   V-05 no fees, no slippage, nothing that depends on the caller; V-06 reverts at most on numbers beyond reason;
                   V-07 rounds down
  maxDeposit, maxMint
                   V-08 a call with that much does not revert, V-09 with more it does (the text allows less than the actual maximum,
                   this vault is exact); V-10 does not depend on the balance of anybody; V-11 0 where deposits are disabled, even for a
                   time; V-12 2**256 - 1 where there is no limit (there always is: what fits the pool's words); V-13 never reverts
  maxWithdraw, maxRedeem
                   V-14 a call with that much does not revert, V-15 with more it does; V-16 limits of all and of the owner;
                   V-17 0 where withdrawals are disabled (where there is no cash: nothing else stops them); V-18 never reverts
  previewDeposit   V-19 no more than `deposit` mints, as close as can be (this vault: exactly); V-20 no limits; V-21 with fees (none)
  previewMint      V-22 no fewer than `mint` takes, exactly; V-23 no limits
  previewWithdraw  V-24 no fewer than `withdraw` burns, exactly; V-25 no limits
  previewRedeem    V-26 no more than `redeem` pays, exactly; V-27 no limits
  deposit, mint    V-28 log Deposit; V-29 take by approve and transferFrom; V-30 revert where not all of it can be had
  withdraw, redeem V-31 log Withdraw; V-32 for the owner; V-33 for somebody with an allowance of the owner's shares, nobody else;
                   V-34 revert where not all of it can be paid
                   (V-28 to V-34: test_deposit_and_mint.py and test_withdraw_and_redeem.py beside them)
  shares           V-35 ERC-20 with name, symbol, decimals (tests/unit/reserve_vault/test_share_token.py); V-36 ERC-2612 (test_permit.py)
  rounding         V-37 in favour of the vault: shares for assets and assets for shares down; what has to be given for them up
  and              V-38 there and back brings nothing, by any way; V-39 each share is backed by one of the pool's;
                   V-40 a share's price falls only with a logged deficit; V-41 gifts change nothing
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from plimsoll.reference.pool import MAX, MAX_ASSETS, PAUSES, SUPPLY, Refused
from tests.chains import Reverted, Revm
from tests.depth import examples
from tests.pool_world import ASSETS, World
from tests.vault_world import HOLDERS, VaultWorld, deploy_factory

YEAR = 365 * 86_400

# ---------------------------------------------------------------- states


def untouched(v: VaultWorld) -> None:
    """Nobody has borrowed."""


def half(v: VaultWorld) -> None:
    v.lend_out(Fraction(1, 2))
    v.world.travel(1)


def just_lent(v: VaultWorld) -> None:
    """No interest yet: a share is a millionth of a unit, no more and no less."""
    v.lend_out(Fraction(2, 3))
    assert v.price == Fraction(1, 10**6)


def nearly_all(v: VaultWorld) -> None:
    v.lend_out(Fraction(999, 1_000))
    v.world.travel(86_400)


def everything(v: VaultWorld) -> None:
    v.lend_out(1)
    v.world.travel(3_600)
    assert v.reserve.cash == 0


def one_unit_left(v: VaultWorld) -> None:
    v.lend_out(1)
    v.world.travel(86_400)
    v.world.supply("keeper", v.asset, 1)
    assert v.reserve.cash == 1


def years(v: VaultWorld) -> None:
    """Of interest above the kink."""
    v.lend_out(Fraction(19, 20))
    v.world.travel(3 * YEAR)
    assert v.price > Fraction(15, 10**7)


def deficit(v: VaultWorld) -> None:
    """A third of the reserve was lent to an account that will not pay; a year later it is written off."""
    v.lend_out(Fraction(1, 3))
    v.world.travel(YEAR)
    v.world.write_off("borrower")
    assert v.price < Fraction(8, 10**7)


def ruin(v: VaultWorld) -> None:
    """All of it was lost."""
    v.lend_out(1)
    v.world.travel(60)
    v.world.write_off("borrower")
    assert v.reserve.assets < 10


def crumbs(v: VaultWorld) -> None:
    """All but a millionth was lost, and a new loan is out."""
    v.lend_out(Fraction(999_999, 10**6))
    v.world.write_off("borrower")
    v.deposit("keeper", 10**4 * v.world.unit(v.asset))
    v.lend_out(Fraction(1, 2), "attacker")
    v.world.travel(YEAR)


def paused(v: VaultWorld) -> None:
    half(v)
    v.world.pause(v.asset, *PAUSES)


def frozen(v: VaultWorld) -> None:
    half(v)
    v.world.configure(v.asset, frozen=True)


def capped(v: VaultWorld) -> None:
    half(v)
    v.world.configure(v.asset, supply_cap=v.reserve.assets + 1_234)


def over_cap(v: VaultWorld) -> None:
    """Interest, or a lower cap, has brought it above."""
    half(v)
    v.world.configure(v.asset, supply_cap=v.reserve.assets - 1)


def full(v: VaultWorld) -> None:
    """What fits the pool's words is nearly there."""
    v.deposit("keeper", MAX_ASSETS - v.reserve.assets - 1_000)


def full_of_shares(v: VaultWorld) -> None:
    """After a loss shares are so cheap that those for all assets that fit would not."""
    v.lend_out(Fraction(9, 10))
    v.world.write_off("borrower")
    assert v.max_deposit("lender") < MAX_ASSETS - v.reserve.assets


def gifts(v: VaultWorld) -> None:
    half(v)
    v.give_tokens("attacker", 10**9 + 7)
    v.give_pool_shares("attacker", 10**9 + 7)
    v.world.donate(v.asset, 10**9 + 7)


STATES: list[Callable[[VaultWorld], None]] = [
    untouched,
    half,
    just_lent,
    nearly_all,
    everything,
    one_unit_left,
    years,
    deficit,
    ruin,
    crumbs,
    paused,
    frozen,
    capped,
    over_cap,
    full,
    full_of_shares,
    gifts,
]
# Where a deposit of anything is refused
CLOSED = (paused, frozen, over_cap)


@pytest.fixture(scope="module")
def chain() -> Revm:
    return Revm()


@pytest.fixture(scope="module")
def bases(chain: Revm) -> dict[str, VaultWorld]:
    """For each number of decimals: one holder with much, one with little, one with a single share."""
    factory = deploy_factory(chain)
    made = {}
    for symbol in ASSETS:
        world = World.with_assets(chain=chain)
        v = VaultWorld(world, symbol, factory)
        unit = world.unit(symbol)
        v.deposit("lender", 123_456 * unit + 7)
        v.deposit("attacker", 789 * unit // 1_000)
        v.transfer("attacker", "keeper", 1)
        made[symbol] = v
    return made


@pytest.fixture(params=STATES, ids=lambda state: state.__name__)
def state(request: pytest.FixtureRequest) -> Callable[[VaultWorld], None]:
    chosen: Callable[[VaultWorld], None] = request.param
    return chosen


@pytest.fixture(params=list(ASSETS))
def v(request: pytest.FixtureRequest, bases: dict[str, VaultWorld], state: Callable[[VaultWorld], None]) -> Any:
    base: VaultWorld = bases[request.param]
    with base.chain.anchor():
        copied = base.copy()
        state(copied)
        yield copied


@contextlib.contextmanager
def trial(v: VaultWorld) -> Any:
    """What is done inside is taken back."""
    with v.chain.anchor():
        yield v.copy()


def accepted(v: VaultWorld, action: str, by: str, amount: int) -> int | None:
    """The answer, None where it is refused. The contract is asked; the books only follow."""
    with trial(v) as tried:
        if action in ("deposit", "mint"):
            cost = amount if action == "deposit" else math.ceil(amount * v.price)
            tried.world.mint(by, v.asset, cost)
        who = v.world.address[by]
        owners = (who,) if action in ("deposit", "mint") else (who, who)
        try:
            with v.chain.prank(who):
                return int(getattr(tried.vault, action)(amount, *owners))
        except Reverted:
            return None


# ---------------------------------------------------------------- the text, in each state


def test_all_views__in_each_state__as_expected(v: VaultWorld) -> None:
    """V-01 to V-07, V-10 to V-13, V-16 to V-18, V-20, V-23, V-25, V-27: none reverts, all are those of the model."""
    v.check()
    assert int(v.vault.asset()) == int(v.world.token[v.asset].address, 16)


def test_max_deposit_and_mint__in_each_state__are_the_most(v: VaultWorld, state: Callable[[VaultWorld], None]) -> None:
    """V-08, V-09, V-11, V-12."""
    for action, most in (("deposit", v.vault.maxDeposit), ("mint", v.vault.maxMint)):
        amount = most(v.world.address["lender"])
        assert (amount == 0) == (state in CLOSED)
        assert amount < MAX
        if amount:
            assert accepted(v, action, "lender", amount) is not None, action
        assert accepted(v, action, "lender", amount + 1) is None, action


def test_max_withdraw_and_redeem__in_each_state__are_the_most(v: VaultWorld) -> None:
    """V-14, V-15, V-17; for one who owns more than there is in cash, one who owns less, and one whose share is worth nothing."""
    for name in HOLDERS:
        for action, most in (("withdraw", v.vault.maxWithdraw), ("redeem", v.vault.maxRedeem)):
            amount = most(v.world.address[name])
            if v.reserve.cash == 0:
                assert amount == 0
            if amount:
                assert accepted(v, action, name, amount) is not None, (action, name)
            assert accepted(v, action, name, amount + 1) is None, (action, name)


def test_previews__in_each_state__are_what_is_done(v: VaultWorld) -> None:
    """V-19, V-22, V-24, V-26, to the unit."""
    reserve = v.reserve
    amounts = {1, 2, 3, 10, 999_983, 10**6, 10**6 + 1, 10**12 - 1, 10**18 + 1, reserve.cash, reserve.cash // 2, v.balance("lender"), 10**9 + 7}
    for action in ("deposit", "mint", "withdraw", "redeem"):
        preview = getattr(v.vault, f"preview{action.capitalize()}")
        done = 0
        for amount in amounts:
            answer = accepted(v, action, "lender", amount)
            if answer is not None:
                assert answer == preview(amount), (action, amount)
                done += 1
        if action in ("withdraw", "redeem") and v.max_withdraw("lender") > 10:
            assert done, action


def test_previews__where_nothing_is_possible__answer_all_the_same(v: VaultWorld) -> None:
    """V-06, V-20, V-23, V-25, V-27: no limits of the vault, of the reserve or of the caller; V-05: nor does the caller matter."""
    for number in (10**30, 10**36):
        for name in ("previewDeposit", "previewMint", "previewWithdraw", "previewRedeem", "convertToShares", "convertToAssets"):
            answers = set()
            for caller in ("lender", "borrower"):
                with v.chain.prank(v.world.address[caller]):
                    answers.add(getattr(v.vault, name)(number))
            assert len(answers) == 1


def test_rounding__in_each_state__favours_the_vault(v: VaultWorld) -> None:
    """V-07, V-37: no number can be had for less than it is worth, nor nothing for something."""
    price = v.price
    for number in (1, 2, 7, 10**6 - 1, 10**6, 10**6 + 1, 10**15 + 3, 10**24 + 9):
        assert v.vault.previewDeposit(number) <= number / price < v.vault.previewDeposit(number) + 1
        assert v.vault.previewRedeem(number) <= number * price < v.vault.previewRedeem(number) + 1
        assert v.vault.previewMint(number) - 1 < number * price <= v.vault.previewMint(number)
        assert v.vault.previewWithdraw(number) - 1 < number / price <= v.vault.previewWithdraw(number)
        assert v.vault.previewMint(number) > 0
        assert v.vault.previewWithdraw(number) > 0
        # there and back, as the views tell it
        assert v.vault.previewRedeem(v.vault.previewDeposit(number)) <= number
        assert v.vault.previewDeposit(v.vault.previewRedeem(number)) <= number
        assert v.vault.previewMint(v.vault.previewWithdraw(number)) >= number
        assert v.vault.previewWithdraw(v.vault.previewMint(number)) >= number
    for name in ("previewDeposit", "previewMint", "previewWithdraw", "previewRedeem", "convertToShares", "convertToAssets"):
        assert getattr(v.vault, name)(0) == 0


# First action, then the second with its answer or with the same amount; how the second answer has to compare with what is given
ROUND_TRIPS = (
    ("deposit", "redeem", "answer", "at most"),
    ("deposit", "withdraw", "amount", "at least"),
    ("redeem", "deposit", "answer", "at most"),
    ("redeem", "mint", "amount", "at least"),
    ("mint", "withdraw", "answer", "at least"),
    ("mint", "redeem", "amount", "at most"),
    ("withdraw", "mint", "answer", "at least"),
    ("withdraw", "deposit", "amount", "at most"),
)


def test_round_trips__in_each_state__bring_nothing(v: VaultWorld) -> None:
    """V-38, the eight ways of the public property suites: what went in comes out at most, what came out costs at least as much."""
    for first, second, with_what, compares in ROUND_TRIPS:
        for amount in (1, 2, 999, 10**6 + 1, 10**13 + 7):
            with trial(v) as tried, contextlib.suppress(Refused):
                answer = getattr(tried, first)("lender", amount)
                # the answer's counterpart is the amount, and the other way round
                argument, bound = (answer, amount) if with_what == "answer" else (amount, answer)
                again = getattr(tried, second)("lender", argument)
                assert again <= bound if compares == "at most" else again >= bound, (first, second, amount)


def test_there_and_back__all_that_came_in__brings_nothing(v: VaultWorld) -> None:
    """V-38, V-39: by a newcomer who takes out what he is told he can, until nothing is left."""
    for amount in (1, 2, 999, 10**6 + 1, 10**13 + 7):
        for way_in in ("deposit", "mint"):
            with trial(v) as tried, contextlib.suppress(Refused):
                paid = amount
                if way_in == "deposit":
                    tried.deposit("borrower", amount)
                else:
                    paid = tried.mint("borrower", max(1, math.floor(amount / tried.price)))
                got = 0
                if tried.max_withdraw("borrower"):
                    got += tried.max_withdraw("borrower") // 2
                    if got:
                        tried.withdraw("borrower", got)
                if tried.max_redeem("borrower"):
                    got += tried.redeem("borrower", tried.max_redeem("borrower"))
                assert got + tried.worth("borrower") <= paid
                tried.check()


def test_in_kind__in_each_state__there_and_back(v: VaultWorld) -> None:
    """At 100 % utilisation too, paused and frozen."""
    v.world.set_operator("lender", "vault")
    shares = v.balance("lender")
    for part in (1, shares // 2, shares - shares // 2 - 1):
        assert v.redeem_shares("lender", part) == part
    v.check()
    assert v.deposit_shares("lender", MAX) == shares
    v.check()
    v.sweep()
    v.check()


def test_max__of_everybody_in_turn__empties_what_there_is_and_stays_backed(v: VaultWorld) -> None:
    """V-14, V-39: each takes all that he is told he can."""
    for name in ("lender", "attacker", "keeper"):
        if v.max_redeem(name):
            v.redeem(name, v.max_redeem(name))
        if v.max_withdraw(name):
            v.withdraw(name, v.max_withdraw(name))
        v.check()
    v.sweep()
    v.check()


@pytest.mark.parametrize("name", ["previewDeposit", "previewMint", "previewWithdraw", "previewRedeem", "convertToShares", "convertToAssets"])
def test_views__numbers_beyond_reason__revert_instead_of_wrapping(bases: dict[str, VaultWorld], name: str) -> None:
    """V-06."""
    v = bases["USD"]
    for number in (MAX, MAX - 1, 2**255):
        with pytest.raises(RuntimeError, match="Revert"):
            getattr(v.vault, name)(number)


# ---------------------------------------------------------------- any amounts


@settings(max_examples=examples(50))
@given(
    symbol=st.sampled_from(list(ASSETS)),
    amounts=st.lists(st.one_of(st.integers(1, 10**7), st.integers(1, 10**30)), min_size=3, max_size=3),
    lent=st.fractions(0, 1, max_denominator=10_000),
    seconds=st.one_of(st.integers(0, 86_400), st.integers(0, 2 * YEAR)),
)
def test_any_amounts__at_any_utilisation__exact(
    bases: dict[str, VaultWorld], symbol: str, amounts: list[int], lent: Fraction, seconds: int
) -> None:
    base = bases[symbol]
    with base.chain.anchor():
        v = base.copy()
        with contextlib.suppress(Refused):
            v.lend_out(lent)
        v.world.travel(seconds)
        assert v.deposit("borrower", amounts[0]) == math.floor(amounts[0] / base_price(v, amounts[0]))
        with contextlib.suppress(Refused):
            v.mint("borrower", amounts[1])
        with contextlib.suppress(Refused):
            v.withdraw("lender", amounts[2])
        with contextlib.suppress(Refused):
            v.redeem("borrower", min(amounts[1], v.balance("borrower")))
        v.check()


def base_price(v: VaultWorld, added: int) -> Fraction:
    """The price before a deposit that has been made: rounding left the pool less than one share's worth."""
    reserve = v.reserve
    shares = v.balances["borrower"]
    return Fraction(reserve.assets - added + 1, reserve.total_shares - shares + 10**6)


# ---------------------------------------------------------------- several holders


user = st.sampled_from(HOLDERS)
size = st.one_of(st.integers(0, 3), st.integers(1, 10**7), st.integers(10**9, 10**13))
part = st.fractions(0, Fraction(101, 100), max_denominator=100)


class VaultMachine(RuleBasedStateMachine):
    """Anybody does anything, and after each step vault, pool and model agree (V-01 to V-41 in `check` and below)."""

    symbol = "USD"

    def __init__(self) -> None:
        super().__init__()
        self.v = VaultWorld(World.with_assets(chain=Revm()), self.symbol)
        self.price = Fraction(0)
        self.v.deposit("lender", 10**12)
        self.v.lend_out(Fraction(1, 2))
        for name in HOLDERS:
            self.v.world.set_operator(name, "vault")

    def wealth(self, name: str) -> Fraction:
        """In raw units, nothing rounded: tokens, and shares of both kinds at the price of now."""
        shares = self.v.balance(name) + self.v.world.ledger.shares.get((name, self.symbol), 0)
        return self.v.world.balance(name, self.symbol) + shares * self.v.price

    def attempt(self, name: str, action: Callable[[], Any]) -> None:
        """V-38: nobody is richer after an action of his own, but for what all shares gain when something is rounded."""
        before, price = self.wealth(name), self.v.price
        try:
            action()
        except Refused:
            return
        shares = self.v.balance(name) + self.v.world.ledger.shares.get((name, self.symbol), 0)
        assert self.wealth(name) <= before + shares * (self.v.price - price), "V-38"

    # ------------------------------------------------------------ holders

    @rule(by=user, receiver=user, amount=size)
    def deposit(self, by: str, receiver: str, amount: int) -> None:
        self.v.world.mint(by, self.symbol, amount)
        self.attempt(by, lambda: self.v.deposit(by, amount, receiver, fund=False))

    @rule(by=user, receiver=user, amount=size, scale=st.sampled_from([1, 10**6]))
    def mint(self, by: str, receiver: str, amount: int, scale: int) -> None:
        self.v.world.mint(by, self.symbol, math.ceil(amount * scale * self.v.price))
        self.attempt(by, lambda: self.v.mint(by, amount * scale, receiver, fund=False))

    @rule(by=user, receiver=user, how_much=part)
    def withdraw(self, by: str, receiver: str, how_much: Fraction) -> None:
        amount = math.floor(self.v.worth(by) * how_much)
        self.attempt(by, lambda: self.v.withdraw(by, amount, receiver))

    @rule(by=user, receiver=user, how_much=part)
    def redeem(self, by: str, receiver: str, how_much: Fraction) -> None:
        shares = math.floor(self.v.balance(by) * how_much)
        self.attempt(by, lambda: self.v.redeem(by, shares, receiver))

    @rule(by=user, owner=user, how_much=part, function=st.sampled_from(["withdraw", "redeem", "redeem_shares", "transfer"]))
    def by_allowance(self, by: str, owner: str, how_much: Fraction, function: str) -> None:
        with contextlib.suppress(Refused):
            if function == "withdraw":
                self.v.withdraw(by, math.floor(self.v.worth(owner) * how_much), by, owner)
            elif function == "transfer":
                self.v.transfer(by, by, math.floor(self.v.balance(owner) * how_much), owner)
            else:
                getattr(self.v, function)(by, math.floor(self.v.balance(owner) * how_much), by, owner)

    @rule(by=user, spender=user, amount=st.one_of(st.integers(0, 10**19), st.just(MAX)))
    def approve(self, by: str, spender: str, amount: int) -> None:
        self.v.approve(by, spender, amount)

    @rule(by=user, receiver=user, how_much=part)
    def transfer(self, by: str, receiver: str, how_much: Fraction) -> None:
        with contextlib.suppress(Refused):
            self.v.transfer(by, receiver, math.floor(self.v.balance(by) * how_much))

    @rule(by=user, receiver=user, how_much=part)
    def redeem_shares(self, by: str, receiver: str, how_much: Fraction) -> None:
        self.attempt(by, lambda: self.v.redeem_shares(by, math.floor(self.v.balance(by) * how_much), receiver))

    @rule(by=user, receiver=user, how_much=part)
    def deposit_shares(self, by: str, receiver: str, how_much: Fraction) -> None:
        held = self.v.world.ledger.shares.get((by, self.symbol), 0)
        self.attempt(by, lambda: self.v.deposit_shares(by, math.floor(held * how_much), receiver))

    # ------------------------------------------------------------ the world around

    @rule(amount=size, kind=st.sampled_from(["tokens", "supply", "tokens to the pool"]))
    def give(self, amount: int, kind: str) -> None:
        """V-41."""
        price, assets = self.v.price, self.v.vault.totalAssets()
        if kind == "tokens":
            self.v.give_tokens("attacker", amount)
        elif kind == "supply":
            with contextlib.suppress(Refused):
                self.v.give_pool_shares("attacker", amount)
        else:
            self.v.world.donate(self.symbol, amount)
        assert assets <= self.v.vault.totalAssets() <= assets + 1, "V-41"
        if kind != "supply":
            assert self.v.price == price, "V-41"

    @rule()
    def sweep(self) -> None:
        assets = self.v.vault.totalAssets()
        self.v.sweep()
        assert self.v.vault.totalAssets() == assets

    @rule(by=user, amount=size)
    def supply_to_the_pool(self, by: str, amount: int) -> None:
        with contextlib.suppress(Refused):
            self.v.world.supply(by, self.symbol, amount)

    @rule(how_much=part)
    def borrow(self, how_much: Fraction) -> None:
        with contextlib.suppress(Refused):
            self.v.lend_out(how_much)

    @rule(how_much=part)
    def repay(self, how_much: Fraction) -> None:
        amount = math.floor(self.v.world.ledger_now().debt_of("borrower", self.symbol) * how_much)
        with contextlib.suppress(Refused):
            self.v.world.repay("borrower", self.symbol, amount)

    @rule()
    def write_off(self) -> None:
        with contextlib.suppress(Refused):
            if any(written.loss for written in self.v.world.write_off("borrower")):
                self.price = Fraction(0)

    @rule(seconds=st.one_of(st.just(1), st.integers(2, 86_400), st.integers(86_400, 100 * 86_400)))
    def travel(self, seconds: int) -> None:
        self.v.world.travel(seconds)

    @rule(
        pauses=st.sampled_from([(), (SUPPLY,), PAUSES]),
        is_frozen=st.booleans(),
        cap=st.sampled_from([0, 0, 1, 10**12, 3 * 10**12]),
        fee=st.sampled_from([0, 50]),
    )
    def configure(self, pauses: tuple[str, ...], is_frozen: bool, cap: int, fee: int) -> None:
        self.v.world.pause(self.symbol, *pauses)
        self.v.world.configure(self.symbol, frozen=is_frozen, supply_cap=cap, origination_fee_bps=fee)

    # ------------------------------------------------------------ after each step

    @invariant()
    def all_agree(self) -> None:
        self.v.check()
        assert self.v.price >= self.price, "V-40"
        self.price = self.v.price

    @invariant()
    def max_is_the_most(self) -> None:
        """V-08, V-09, V-14, V-15, for one of them at a time."""
        v = self.v
        name = HOLDERS[v.chain.timestamp % len(HOLDERS)]
        for action, most in (
            ("deposit", v.max_deposit(name)),
            ("mint", v.max_mint(name)),
            ("withdraw", v.max_withdraw(name)),
            ("redeem", v.max_redeem(name)),
        ):
            if most:
                assert accepted(v, action, name, most) is not None, (action, name)
            assert accepted(v, action, name, most + 1) is None, (action, name)


VaultMachine.TestCase.settings = settings(max_examples=examples(10), stateful_step_count=40)
TestVaultMachine = VaultMachine.TestCase
