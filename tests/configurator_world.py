"""A configurator and the pool that it is attached to: a scripted one, which takes whatever it is told. The owner has listed two assets."""

from __future__ import annotations

from typing import Any

import boa

from tests.conftest import load

WAD = 10**18
HOUR, DAY = 3_600, 86_400
ZERO = "0x" + "00" * 20
SUPPLY, BORROW, COLLATERAL, FLASH = 1, 2, 4, 8
ROLES = ("deployer", "owner", "steward", "guardian", "attacker")

LTV, BONUS, FACTOR = 7_500, 11_000, 5_000
# the largest LTV that the listing rule lets pass at BONUS: 1 / 1.1 - 5 %
MAX_LTV = 8_590

# the answer of an oracle that knows no asset: all prices 0, why 1
NO_BAND = (0, 0, 0, 0, 0, 0, 0, 0, 0, 1)


class Market:
    def __init__(self) -> None:
        self.address: dict[str, Any] = {name: boa.env.generate_address(name) for name in ROLES}
        with boa.env.prank(self.address["deployer"]):
            self.configurator = load("lending/PoolConfigurator.vy").deploy(*(self.address[name] for name in ("owner", "steward", "guardian")))
            self.pool = load("testing/ScriptedPool.vy").deploy(self.configurator.address)
            self.configurator.attach(self.pool.address)
        # base 0, 5 % a year per utilisation, 800 % from a kink at 85 % on: 4 % at 80, 44.25 % at 90, 124.25 % at 100
        self.model = self.new_model()
        self.eth = load("testing/TestToken.vy").deploy("ETH", "ETH", 18).address
        self.usd = load("testing/TestToken.vy").deploy("USD", "USD", 6).address
        self.oracle = self.new_oracle()
        self.engine = load("testing/NamedEngine.vy").deploy(self.pool.address)
        self.by("owner", "set_oracle", self.oracle.address)
        self.by("owner", "set_engine", self.engine.address)
        for asset in (self.eth, self.usd):
            self.list(asset)

    # ------------------------------------------------------------ parts

    def new_model(self, base: int = 0, multiplier: int = 5, jump: int = 800, kink: int = 85) -> Any:
        """All in percent."""
        percent = WAD // 100
        return load("lending/JumpRateModel.vy").deploy(base * percent, multiplier * percent, jump * percent, kink * percent)

    def new_oracle(self) -> Any:
        """Tells 200 units for an ETH and 1 for a USD."""
        oracle = load("testing/ConstantOracle.vy").deploy()
        oracle.set(self.eth, 200 * WAD)
        oracle.set(self.usd, 10**30)
        return oracle

    # ------------------------------------------------------------ actions

    def by(self, role: str, function: str, *arguments: Any) -> Any:
        with boa.env.prank(self.address[role]):
            return getattr(self.configurator, function)(*arguments)

    def list(self, asset: Any, ltv: int = LTV, bonus: int = BONUS, factor: int = FACTOR, model: Any = None) -> None:
        self.by("owner", "list_reserve", asset, model or self.model.address, ltv, bonus, factor)

    def refuse(self, role: str, function: str, *arguments: Any, reason: str) -> None:
        with boa.reverts(reason):
            self.by(role, function, *arguments)

    def travel(self, seconds: int) -> None:
        boa.env.time_travel(seconds=seconds)

    def at_multiple_of_64(self) -> None:
        """The length of a pause counts in 64 seconds."""
        self.travel(64 - self.now % 64)

    # ------------------------------------------------------------ reading

    @property
    def now(self) -> int:
        return int(boa.env.timestamp)

    def of(self, asset: Any) -> Any:
        return self.configurator.configuration(asset)

    def words(self, asset: Any) -> tuple[int, int, int, int, str]:
        words: tuple[int, int, int, int, str] = self.pool.config_words(asset)
        return words

    @property
    def new_risk_from(self) -> int:
        return int(self.pool.guards()[0])

    @property
    def liquidation_from(self) -> int:
        return int(self.pool.guards()[1])

    def event(self) -> tuple[Any, ...]:
        """Name and fields of the only event of the configurator's last call."""
        (event,) = events(self.configurator)
        return event


def events(contract: Any) -> list[tuple[Any, ...]]:
    """Name and fields of what the contract itself logged in its last call (titanoboa puts its address before the fields)."""
    return [(type(event).__name__, *event[1:]) for event in contract.get_logs(include_child_logs=False)]
