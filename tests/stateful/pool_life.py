"""A random life of the lending pool: three assets of 6, 8 and 18 decimals, several accounts, an attacker that is a contract, a token that
calls back, gifts, pauses, caps, fees, prices that move and vanish, years that pass. The ledger goes along step by step.

Who draws is the caller's affair: Hypothesis (test_pool_machine.py) or a random generator (test_pool_campaign.py).

Checked on the way: LEND-01 cash is there, LEND-02 shares add up, LEND-03 debts add up, LEND-04 the share price falls only with a logged
deficit, LEND-05 a gift changes nobody's health, LEND-06 without debt cash can be withdrawn, LEND-07 nobody gains within a block, LEND-08
what is counted is the sum over all accounts, LEND-10 what raises a total ends within its cap, LEND-11 a debt can be repaid, LEND-12 a
token's transfer changes nothing from within, LEND-13 what is deferred is judged in the end, LEND-14 caps of the configuration, LEND-15
the origination fee, LEND-16 flash loans leave the books alone, LEND-17 no time makes anything revert, LEND-18 the ramp.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Protocol, TypeVar

from plimsoll.reference.pool import BPS, MAX, PAUSES, RAY, WAD, Pool, Ramp, Refused
from plimsoll.reference.rate_model import JumpRate
from tests.accounts import account_state
from tests.chains import Boa, Revm
from tests.pool_world import ASSETS, Inside, World, logs

T = TypeVar("T")

USERS = ("lender", "borrower", "attacker")
SYMBOLS = tuple(ASSETS)
CALLS_BACK = "ETH"
DAY, YEAR = 86_400, 365 * 86_400
PARTS = (0, 1, 10, 10, 49, 50, 50, 90, 99, 100, 100, 101)
# Books are compared in full, with every account's, every so many steps; in between those who acted
FULL_CHECK = 16


class Draw(Protocol):
    def choice(self, values: Sequence[T]) -> T: ...

    def integer(self, least: int, most: int) -> int: ...


class Life:
    def __init__(self, chain: Boa | Revm) -> None:
        self.world = world = World(chain=chain).with_actor()
        for symbol in SYMBOLS:
            kind = "ReenteringToken" if symbol == CALLS_BACK else "TestToken"
            token = chain.deploy(f"testing/{kind}.vy", symbol, symbol, ASSETS[symbol][0])
            world.add(symbol, token=token)
            world.seed("keeper", symbol, world.unit(symbol))
        self.hook = world.token[CALLS_BACK]
        self.is_armed = False
        self.steps = 0
        self.outcomes: Counter[str] = Counter()
        self.touched: set[str] = set()
        self.share_price: dict[str, Fraction] = {}
        # models that a reserve can change to
        self.models = {symbol: [(world.model[symbol], ASSETS[symbol][5].rate)] for symbol in SYMBOLS}
        steep = JumpRate(WAD, WAD, 98 * WAD, WAD // 2)
        for symbol in SYMBOLS:
            model = chain.deploy("lending/JumpRateModel.vy", steep.base, steep.multiplier, steep.jump, steep.kink)
            self.models[symbol].append((model, steep.rate))
        for symbol in SYMBOLS:
            world.supply("lender", symbol, self.raw(symbol, 100_000))
        world.configure("USD", origination_fee_bps=100, stakers="stakers")
        world.open("borrower", "ETH", self.raw("ETH", 120_000), "USD", self.raw("USD", 60_000))
        world.open("attacker", "BTC", self.raw("BTC", 50_000), "ETH", self.raw("ETH", 10_000))

    # ------------------------------------------------------------ one step

    def step(self, action: str, draw: Draw) -> None:
        getattr(self, action)(draw)
        self.steps += 1
        self.check()

    def end(self) -> None:
        self.world.check()

    def raw(self, asset: str, value: int) -> int:
        return value * self.world.unit(asset) // ASSETS[asset][1]

    def group_wealth(self, group: set[str]) -> dict[str, int]:
        """What they have together, in each asset; their shares added up before they are rounded."""
        now = self.world.ledger_now()
        result = {}
        for asset in SYMBOLS:
            reserve = now.reserves[asset]
            held = reserve.assets_down(sum(now.shares.get((name, asset), 0) for name in group))
            owed = sum(reserve.debt_up(now.scaled.get((name, asset), 0)) for name in group)
            result[asset] = sum(self.world.balance(name, asset) for name in group) + held - owed
        return result

    def attempt(self, name: str, group: set[str], work: Callable[[], object], slack: int = 0) -> bool:
        """LEND-07: nobody is richer in anything after an action of their own, whoever's accounts they act for.

        `slack`: shares read down, debt reads up, and the debt of all down, a unit each at most. Who has shares where his debt changes
        sees a unit appear that was there all the time (test_pool_profit.py: many of them do not add up).
        """
        before = self.group_wealth(group)
        self.touched |= group
        try:
            work()
        except Refused as refused:
            self.outcomes[f"{name}: {refused}"] += 1
            return False
        self.outcomes[f"{name}: ok"] += 1
        after = self.group_wealth(group)
        assert all(after[asset] <= before[asset] + slack for asset in SYMBOLS), ("LEND-07", name, before, after)
        return True

    def value(self, draw: Draw) -> int:
        """Units of account, over some orders of magnitude."""
        return draw.integer(50, 3_000) if draw.integer(0, 2) else draw.integer(10_000, 500_000)

    def account_for(self, by: str, draw: Draw) -> str | None:
        """Mostly one's own; else that of somebody who has made `by` an operator, or has not."""
        return draw.choice([name for name in USERS if name != by]) if draw.integer(0, 5) == 0 else None

    # ------------------------------------------------------------ lenders and borrowers

    def supply(self, draw: Draw) -> None:
        by, asset = draw.choice(USERS), draw.choice(SYMBOLS)
        account = draw.choice((by, by, by, "borrower", "treasury"))
        amount = draw.integer(1, 5) if draw.integer(0, 6) == 0 else self.raw(asset, self.value(draw))
        self.world.mint(by, asset, amount)
        if self.attempt("supply", {by, account}, lambda: self.world.supply(by, asset, amount, account, fund=False)):
            self.check_collateral_cap(account, asset)
            reserve = self.world.ledger.reserves[asset]
            assert not reserve.supply_cap or reserve.assets <= reserve.supply_cap, "LEND-14"

    def withdraw(self, draw: Draw) -> None:
        by = draw.choice((*USERS, *USERS, "treasury", "stakers"))
        account = self.account_for(by, draw)
        owner = account or by
        asset = self.held_asset(owner, draw)
        held = self.world.ledger_now().supply_of(owner, asset)
        amount = MAX if draw.integer(0, 3) == 0 else held * draw.choice(PARTS) // 100
        self.attempt("withdraw", {by, owner}, lambda: self.world.withdraw(by, asset, amount, account=account))

    def held_asset(self, owner: str, draw: Draw) -> str:
        """Mostly one that the account has."""
        return draw.choice([asset for asset in SYMBOLS if self.world.ledger.shares.get((owner, asset), 0)] * 3 + list(SYMBOLS))

    def borrow(self, draw: Draw) -> None:
        """Up to the limit, and a little above; who has no collateral brings some."""
        by, asset = draw.choice(USERS), draw.choice(SYMBOLS)
        account = self.account_for(by, draw)
        owner = account or by
        own = self.world.ledger.enabled.get(owner, set())
        if draw.integer(0, 7):
            asset = draw.choice([name for name in SYMBOLS if name not in own] or SYMBOLS)
        value, percent = self.value(draw), draw.choice((1, 20, 50, 99, 100, 101))
        if not self.room(owner, asset, 0):
            collateral = draw.choice(sorted(own) or [name for name in SYMBOLS if name != asset])
            self.world.mint(by, collateral, self.raw(collateral, value))
            amount = self.raw(collateral, value)
            self.attempt("supply", {by, owner}, lambda: self.world.supply(by, collateral, amount, owner, fund=False))
            self.attempt("enable", {owner}, lambda: self.world.enable(owner, collateral))
        wanted = self.room(owner, asset, value) * percent // 100
        fee = self.fee_shares(asset)
        if self.attempt("borrow", {by, owner}, lambda: self.world.borrow(by, asset, wanted, account=account), slack=1):
            self.check_debt_cap(asset)
            for enabled in self.world.ledger.enabled[owner]:
                self.check_collateral_cap(owner, enabled)
            reserve = self.world.ledger.reserves[asset]
            assert not reserve.debt_cap or reserve.debt <= reserve.debt_cap, "LEND-14"
            # LEND-15: what the fee's shares are worth is at most the fee, and a unit of the scaled debt, which is rounded up
            charged = -(-wanted * reserve.origination_fee_bps // BPS)
            assert reserve.assets_down(self.fee_shares(asset) - fee) <= charged + reserve.index // RAY + 2, "LEND-15"

    def fee_shares(self, asset: str) -> int:
        """What the treasury has earned, and the stakers have, without interest since the last touch."""
        ledger = self.world.ledger_now()
        return ledger.reserves[asset].fee_shares + ledger.shares.get(("stakers", asset), 0)

    def room(self, account: str, asset: str, value: int) -> int:
        """What the account's limit leaves to be borrowed, the fee included; without prices something of that value."""
        now = self.world.ledger_now()
        try:
            capacity, debt = now.capacity_and_debt(account)
        except Refused:
            capacity, debt = value * WAD, 0
        price = self.world.ledger.prices[asset].high or WAD
        room = max(capacity * 8_000 // BPS - debt, 0) * WAD // price
        room = room * BPS // (BPS + now.reserves[asset].origination_fee_bps)
        return min(room, now.reserves[asset].cash)

    def debt_asset(self, debtor: str, draw: Draw) -> str:
        """Mostly one that is owed."""
        return draw.choice(sorted(self.world.ledger.owing.get(debtor, ())) * 3 + list(SYMBOLS))

    def repay(self, draw: Draw) -> None:
        by = draw.choice(USERS)
        debtor = draw.choice((by, by, *USERS))
        asset = self.debt_asset(debtor, draw)
        owed = self.world.ledger_now().debt_of(debtor, asset)
        self.world.mint(by, asset, owed + 1)
        amount = MAX if draw.integer(0, 3) == 0 else owed * draw.choice(PARTS) // 100
        self.attempt("repay", {by, debtor}, lambda: self.world.repay(by, asset, amount, debtor, fund=False), slack=1)

    def repay_with_shares(self, draw: Draw) -> None:
        by = draw.choice(USERS)
        account = self.account_for(by, draw)
        owner = account or by
        debtor = draw.choice((owner, owner, *USERS))
        asset = self.debt_asset(debtor, draw)
        owed = self.world.ledger_now().debt_of(debtor, asset)
        if owed and draw.integer(0, 1):
            # who has no shares yet buys some
            self.world.mint(owner, asset, owed + 2)
            self.attempt("supply", {owner}, lambda: self.world.supply(owner, asset, owed + 2, owner, fund=False))
        amount = MAX if draw.integer(0, 3) == 0 else owed * draw.choice(PARTS) // 100
        group = {by, owner, debtor}
        self.attempt("repay_with_shares", group, lambda: self.world.repay_with_shares(by, asset, amount, debtor, account), slack=1)

    def transfer(self, draw: Draw) -> None:
        by = draw.choice((*USERS, *USERS, "treasury", "stakers"))
        account = self.account_for(by, draw)
        owner = account or by
        asset = self.held_asset(owner, draw)
        receiver = draw.choice((*USERS, "treasury", "stakers"))
        held = self.world.ledger.shares.get((owner, asset), 0)
        shares = MAX if draw.integer(0, 3) == 0 else held * draw.choice(PARTS) // 100
        group = {by, owner, receiver}
        if self.attempt("transfer", group, lambda: self.world.transfer_shares(by, asset, shares, receiver, account)):
            self.check_collateral_cap(receiver, asset)

    def switch(self, draw: Draw) -> None:
        by, asset, enabled = draw.choice((*USERS, "stakers", "treasury")), draw.choice(SYMBOLS), bool(draw.integer(0, 1))
        account = self.account_for(by, draw)
        was = asset in self.world.ledger.enabled.get(account or by, set())
        done = self.attempt("enable", {by, account or by}, lambda: self.world.enable(by, asset, enabled, account))
        if done and enabled and not was:
            self.check_collateral_cap(account or by, asset)

    def approve(self, draw: Draw) -> None:
        account, operator = draw.choice(USERS), draw.choice(USERS)
        self.world.set_operator(account, operator, bool(draw.integer(0, 2)))

    # ------------------------------------------------------------ several at once

    def inside(self, account: str, draw: Draw, lent: str = "") -> Inside:
        """One action of the attacker within a deferral or a flash loan of `lent`, of which the pool has nothing to pay out then."""
        world, asset = self.world, draw.choice(SYMBOLS)
        now = world.ledger_now()
        action = draw.choice(("supply", "repay", "withdraw", "borrow", "set_collateral", "transfer_shares", "repay_with_shares"))
        must = bool(draw.integer(0, 3))
        if asset == lent and action in ("withdraw", "borrow"):
            action = "supply"
        if action == "supply":
            amount = self.raw(asset, self.value(draw))
            world.mint("attacker", asset, amount)
            return Inside(action, (asset, amount, account), lambda ledger: ledger.supply(asset, amount, account), must)
        if action == "repay":
            owed = now.debt_of(account, asset)
            amount = owed * draw.choice((50, 100)) // 100 or 1
            # the debt may have grown inside
            world.mint("attacker", asset, amount)
            return Inside(action, (asset, amount, account), lambda ledger: ledger.repay(asset, amount, account, "attacker"), must)
        if action == "withdraw":
            amount = MAX if draw.integer(0, 1) else now.supply_of(account, asset) // 2 or 1
            return Inside(
                action, (asset, amount, "attacker", account), lambda ledger: ledger.withdraw(asset, amount, account, "attacker"), must
            )
        if action == "borrow":
            amount = self.room(account, asset, 1_000) * draw.choice((10, 50, 100, 200)) // 100 or self.raw(asset, 1_000)
            return Inside(action, (asset, amount, "attacker", account), lambda ledger: ledger.borrow(asset, amount, account, "attacker"), must)
        if action == "set_collateral":
            enabled = bool(draw.integer(0, 1))
            return Inside(action, (asset, enabled, account), lambda ledger: ledger.set_collateral(asset, enabled, account, "attacker"), must)
        if action == "transfer_shares":
            shares = MAX if draw.integer(0, 1) else now.shares.get((account, asset), 0) // 2 or 1
            return Inside(
                action,
                (asset, shares, "attacker", account),
                lambda ledger: ledger.transfer_shares(asset, shares, "attacker", account, "attacker"),
                must,
            )
        amount = now.debt_of(account, asset) // 2 or 1
        return Inside(
            action,
            (asset, amount, account, account),
            lambda ledger: ledger.repay_with_shares(asset, amount, account, account, "attacker"),
            must,
        )

    def some(self, account: str, draw: Draw, most: int, lent: str = "") -> list[Inside]:
        return [self.inside(account, draw, lent) for _ in range(draw.integer(0, most))]

    def there_and_back(self, account: str, draw: Draw) -> list[Inside]:
        """Collateral leaves before it comes back: allowed only because the account is judged in the end."""
        asset = draw.choice(SYMBOLS)
        held = self.world.ledger_now().supply_of(account, asset) // 2 or 1
        back = held * draw.choice((50, 100, 110)) // 100 or 1
        self.world.mint("attacker", asset, back)
        return [
            Inside(
                "withdraw",
                (asset, held, "attacker", account),
                lambda ledger: ledger.withdraw(asset, held, account, "attacker"),
            ),
            Inside("supply", (asset, back, account), lambda ledger: ledger.supply(asset, back, account)),
        ]

    def defer(self, draw: Draw) -> None:
        account = draw.choice(("attacker", "attacker", "borrower"))
        steps = self.there_and_back(account, draw) if draw.integer(0, 1) else self.some(account, draw, 4)
        enabled, owed = set(self.world.ledger.enabled.get(account, ())), bool(self.world.ledger.owing.get(account))
        if self.attempt("defer", {"attacker", account}, lambda: self.world.defer(account, steps), slack=len(steps)):
            now = self.world.ledger_now()
            actions = {step.action for step in steps if step.must}
            out = {step.arguments[0] for step in steps if step.must and step.action == "withdraw"} & enabled
            if now.owing.get(account) and ("borrow" in actions or (out and owed and actions <= {"withdraw", "supply"})):
                capacity, debt = now.capacity_and_debt(account)
                assert debt * BPS <= capacity * now.borrow_limit_bps, "LEND-13"

    def flash(self, draw: Draw) -> None:
        asset = draw.choice(SYMBOLS)
        if self.is_armed and asset == CALLS_BACK:
            # its transfers are not behind the lock: what is called there would happen
            return
        amount = self.world.ledger.reserves[asset].cash * draw.choice((0, 1, 50, 100, 101)) // 100
        steps = self.some("attacker", draw, 3, lent=asset)
        if draw.integer(0, 3) == 0:
            # a deferral within the flash loan
            deferred = [self.inside("attacker", draw, lent=asset) for _ in range(2)]
            data = self.world._calls(deferred)
            steps.append(
                Inside(
                    "defer",
                    ("attacker", data),
                    lambda ledger: ledger.defer("attacker", lambda books: self.world._in_ledger(books, deferred), "attacker"),
                )
            )
        self.world.mint("attacker", asset, amount * 2 // BPS * 5 + 1)
        books = self.world.ledger.copy()
        if self.attempt("flash", {"attacker"}, lambda: self.world.flash_loan(asset, amount, steps), len(steps)) and not steps:
            assert books.__dict__ | {"now": 0} == self.world.ledger.__dict__ | {"now": 0}, "LEND-16"

    def arm(self, draw: Draw) -> None:
        """LEND-12: from within the token's next transfer the attacker tries to act. Whatever it is, it fails."""
        world, pool = self.world, self.world.pool
        me, asset = world.address["attacker"], world.address[draw.choice(SYMBOLS)]
        function, arguments = draw.choice(
            (
                ("supply", (asset, 1_000, me)),
                ("withdraw", (asset, 1_000, me)),
                ("borrow", (asset, 10**6, me)),
                ("repay", (asset, 1_000, me)),
                ("set_collateral", (asset, True)),
                ("transfer_shares", (asset, 1_000, world.address["lender"])),
                ("repay_with_shares", (asset, 1_000, me)),
                ("sweep", (asset,)),
                ("accrue", (asset,)),
                ("reserve_state", (asset,)),
            )
        )
        inner = world.chain.calldata(pool, function, *arguments)
        self.hook.arm(me, world.chain.calldata(world.actor, "forward", pool.address, inner), False)
        self.is_armed = True

    # ------------------------------------------------------------ configuration

    def configure(self, draw: Draw) -> None:
        world, asset = self.world, draw.choice(SYMBOLS)
        reserve, now = world.ledger_now().reserves[asset], world.chain.timestamp
        changes: dict[str, Any] = {}
        kind = draw.integer(0, 9)
        model = None
        if kind == 0:
            changes["supply_cap"] = draw.choice((0, 0, 1, reserve.assets, reserve.assets + self.raw(asset, 10_000)))
        elif kind == 1:
            changes["debt_cap"] = draw.choice((0, 0, 1, reserve.debt, reserve.debt + self.raw(asset, 10_000)))
        elif kind == 2:
            changes["origination_fee_bps"] = draw.choice((0, 1, 100, 500))
        elif kind == 3:
            changes["frozen"] = draw.integer(0, 3) == 0
        elif kind == 4:
            changes["paused"] = frozenset(name for name in PAUSES if draw.integer(0, 1))
            changes["paused_until"] = (now + draw.choice((0, 1, 63, 3_600))) // 64 + draw.integer(0, 1)
        elif kind == 5:
            changes["depth_mode"] = draw.choice((0, 1, 0, 2))
        elif kind == 6:
            to = draw.integer(0, 8_500)
            changes["ltv_bps"] = draw.choice((to, ASSETS[asset][2]))
            begins = max(reserve.liquidation_ltv_bps(now), to)
            changes["ramp"] = draw.choice((None, Ramp(begins, to, now, now + draw.integer(0, 30 * DAY))))
        elif kind == 7:
            changes["reserve_factor_bps"] = draw.choice((0, 1_000, 5_000, BPS))
        elif kind == 8:
            changes["bonus_bps"] = draw.choice((10_000, 10_500, 11_000))
        else:
            model, changes["rate"] = draw.choice(self.models[asset])
        try:
            world.configure(asset, model, **changes)
        except Refused:
            self.outcomes["configure: refused"] += 1
            return
        self.outcomes["configure: ok"] += 1

    def stakers(self, draw: Draw) -> None:
        self.world.configure(draw.choice(SYMBOLS), stakers=draw.choice((None, "stakers", "stakers", "attacker")))

    def guards(self, draw: Draw) -> None:
        now = self.world.chain.timestamp
        self.world.set_guards(*(now + draw.integer(1, 7_200) if draw.integer(0, 3) == 0 else 0 for _ in range(2)))

    # ------------------------------------------------------------ the world around

    def accrue(self, draw: Draw) -> None:
        self.world.accrue(draw.choice(SYMBOLS))

    def collect_fees(self, draw: Draw) -> None:
        self.world.collect_fees(draw.choice(SYMBOLS))
        self.touched.add("treasury")

    def donate(self, draw: Draw) -> None:
        """LEND-05: tokens sent to the pool change no price, no rate and no health."""
        world, asset = self.world, draw.choice(SYMBOLS)
        accounts = [account_state(world.pool, world.address[name]) for name in USERS]
        state = world.pool.reserve_state(world.address[asset])
        world.donate(asset, self.raw(asset, self.value(draw)))
        assert [account_state(world.pool, world.address[name]) for name in USERS] == accounts, "LEND-05"
        assert world.pool.reserve_state(world.address[asset]) == state, "LEND-05"

    def sweep(self, draw: Draw) -> None:
        self.attempt("sweep", {"keeper"}, lambda: self.world.sweep(draw.choice(SYMBOLS)))

    def travel(self, draw: Draw) -> None:
        kind = draw.integer(0, 9)
        if kind < 4:
            seconds = draw.integer(1, DAY)
        elif kind < 9:
            seconds = draw.integer(DAY, 40 * DAY)
        else:
            seconds = draw.integer(1, 3) * YEAR
        self.world.travel(seconds)

    def move_price(self, draw: Draw) -> None:
        asset, percent, spread = draw.choice(SYMBOLS), draw.integer(60, 160), draw.integer(0, 20)
        price = ASSETS[asset][1] * WAD * percent // 100
        self.world.set_band(asset, price, price * (100 + spread) // 100, depth=self.world.ledger.prices[asset].depth)

    def lose_price(self, draw: Draw) -> None:
        if draw.integer(0, 2) == 0:
            self.world.set_band(draw.choice(("BTC", "ETH")), 0, 0, why=8)

    def move_depth(self, draw: Draw) -> None:
        depth = draw.choice((None, None, 0, draw.integer(10**3, 10**6), draw.integer(10**5, 10**8)))
        self.world.set_depth(draw.choice(SYMBOLS), None if depth is None else depth * WAD)

    # ------------------------------------------------------------ liquidation engine

    def debtors(self) -> list[str]:
        ledger = self.world.ledger
        return sorted(name for name in ledger.owing if ledger.owing[name])

    def settle(self, draw: Draw) -> None:
        now, debtors = self.world.ledger_now(), self.debtors()
        if not debtors:
            return
        borrower = draw.choice(debtors)
        debt = draw.choice(sorted(now.owing[borrower]))
        collateral = draw.choice(sorted(now.enabled.get(borrower, ())) or [debt])
        repay = now.debt_of(borrower, debt) * draw.choice(PARTS) // 100
        seize = now.supply_of(borrower, collateral) * draw.choice(PARTS) // 100
        fee = seize * draw.choice((0, 3, 100, 101)) // 100
        self.world.mint("keeper", debt, repay)
        self.touched.add(borrower)
        try:
            self.world.settle(borrower, "keeper", "keeper", debt, repay, collateral, seize, fee)
        except Refused as refused:
            self.outcomes[f"settle: {refused}"] += 1
            return
        self.outcomes["settle: ok"] += 1

    def write_off(self, draw: Draw) -> None:
        debtors = self.debtors()
        # rarely: it ends everybody's debts
        if not debtors or draw.integer(0, 7):
            return
        borrower = draw.choice(debtors)
        try:
            written = self.world.write_off(borrower)
        except Refused:
            return
        self.outcomes["write_off: ok"] += 1
        self.touched |= {borrower, "treasury"}
        events = logs(self.world, "DeficitWrittenOff")
        assert [(e.amount, e.loss, e.treasury_shares_burned, e.total_shares) for e in events] == [
            (w.amount, w.loss, w.burned, w.total_shares) for w in written
        ]
        for w in written:
            if w.loss:
                self.share_price.pop(w.asset, None)

    # ------------------------------------------------------------ caps by depth

    def check_collateral_cap(self, name: str, asset: str) -> None:
        """LEND-10: (1 / sqrt(LTV * bonus) - 1) of the depth, from the pool's own answers; where the account counts and has any of it."""
        now, address = self.world.ledger, self.world.address[asset]
        price = now.prices[asset]
        counts = now.owing.get(name) and asset in now.enabled.get(name, set()) and now.shares.get((name, asset), 0)
        if counts and price.depth is not None and self.world.pool.supply_of(self.world.address[name], address):
            state = self.world.pool.reserve_state(address)
            counted = state.counted_shares * (state.cash + state.debt + 1) // (state.total_shares + 10**6) * price.low // WAD
            assert state.depth_mode == 1 or self.within(counted, price.depth, state.new_risk_ltv_bps, state.bonus_bps), "LEND-10"

    def check_debt_cap(self, asset: str) -> None:
        price = self.world.ledger.prices[asset]
        if price.depth is not None:
            state = self.world.pool.reserve_state(self.world.address[asset])
            total = -(-state.debt * price.high // WAD)
            assert state.depth_mode == 1 or self.within(total, price.depth, state.new_risk_ltv_bps, state.bonus_bps), "LEND-10"

    @staticmethod
    def within(total: int, depth: int, ltv_bps: int, bonus_bps: int) -> bool:
        return Fraction(total + depth) ** 2 * max(ltv_bps, 6_500) * bonus_bps <= Fraction(depth) ** 2 * 10**8

    # ------------------------------------------------------------ after each step

    def check(self) -> None:
        world, now = self.world, self.world.ledger_now()
        for asset in SYMBOLS:
            world.check_reserve(asset, now)
            reserve = now.reserves[asset]
            assert reserve.cash <= world.balance("pool", asset), "LEND-01"
            price = Fraction(reserve.assets + 1, reserve.total_shares + 10**6)
            assert price >= self.share_price.get(asset, 0), "LEND-04"
            # as booked: what is read in between may be up to a unit of the treasury's shares above
            booked = world.ledger.reserves[asset]
            self.share_price[asset] = Fraction(booked.assets + 1, booked.total_shares + 10**6)
            ramp = reserve.ramp
            assert ramp is None or ramp.to_bps <= reserve.liquidation_ltv_bps(now.now) <= ramp.from_bps, "LEND-18"
        for name in self.touched:
            world.check_account(name, now)
        self.touched.clear()
        if self.is_armed and self.hook.called():
            assert not self.hook.succeeded(), "LEND-12"
            self.is_armed = False
        if self.steps % FULL_CHECK == 0:
            world.check()
        if self.steps % 4 == 0:
            self.check_exits(now)

    def check_exits(self, now: Pool) -> None:
        """Whatever is paused, frozen, capped or without a price; on a chain that is put back afterwards."""
        world = self.world
        name = USERS[self.steps // 4 % len(USERS)]
        with world.chain.anchor():
            other = world.copy()
            for asset in SYMBOLS:
                if now.owing.get(name):
                    # LEND-11
                    if now.scaled.get((name, asset), 0):
                        other.repay(name, asset, MAX)
                elif amount := min(now.supply_of(name, asset), now.reserves[asset].cash):
                    # LEND-06
                    other.withdraw(name, asset, amount)


# Drawn as often as they stand here
ACTIONS = (
    *("supply", "withdraw", "borrow", "borrow", "borrow", "repay", "repay_with_shares", "transfer", "switch"),
    *("approve", "defer", "defer", "flash", "arm", "configure", "configure", "stakers", "guards"),
    *("accrue", "collect_fees", "donate", "sweep", "travel", "travel", "move_price", "lose_price", "move_depth"),
    *("settle", "write_off"),
)
