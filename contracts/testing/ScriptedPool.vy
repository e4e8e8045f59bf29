# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title What a configurator sees of a lending pool: the words, and books that are set by hand
@license MIT
@dev It takes whatever it is told, so that what is refused was refused by the configurator.
"""

# ---------------------------------------------------------------- imports

from interfaces import ILendingPool

from contracts.modules import reserve_slots

# ---------------------------------------------------------------- storage

configurator: public(immutable(address))

oracle: public(address)
engine: public(address)
new_risk_from: uint256
liquidation_from: uint256

reserves: DynArray[address, 128]
market_of: HashMap[address, uint256]
listing_of: HashMap[address, uint256]
caps_of: HashMap[address, uint256]
ramp_of: HashMap[address, uint256]
stakers_of: HashMap[address, address]
cash_of: HashMap[address, uint256]
debt_of: HashMap[address, uint256]
rate_of: HashMap[address, uint256]

# A call that `configure` makes to its configurator
call: Bytes[256]

# ---------------------------------------------------------------- constructor


@deploy
def __init__(configurator_: address):
    configurator = configurator_


# ---------------------------------------------------------------- external, by hand


@external
def seed(asset: address):
    self.market_of[asset] = self.market_of[asset] | reserve_slots.SEEDED


@external
def set_books(asset: address, cash: uint256, debt: uint256, rate_wad: uint256):
    self.cash_of[asset] = cash
    self.debt_of[asset] = debt
    self.rate_of[asset] = rate_wad


@external
def set_callback(call: Bytes[256]):
    self.call = call


# ---------------------------------------------------------------- external, configurator


@external
def configure(asset: address, market: uint256, listing: uint256, caps: uint256, ramp: uint256, stakers: address):
    assert msg.sender == configurator, "pool: not configurator"
    if self.market_of[asset] == 0:
        self.reserves.append(asset)
    self.market_of[asset] = (self.market_of[asset] & reserve_slots.SEEDED) | (market & reserve_slots.MARKET_CONFIG)
    self.listing_of[asset] = convert(asset, uint256) | (listing & reserve_slots.LISTING_CONFIG)
    self.caps_of[asset] = caps
    self.ramp_of[asset] = ramp
    self.stakers_of[asset] = stakers
    if len(self.call) != 0:
        raw_call(configurator, self.call)


@external
def set_oracle(oracle: address, new_risk_from: uint256):
    assert msg.sender == configurator, "pool: not configurator"
    self.oracle = oracle
    self.new_risk_from = new_risk_from


@external
def set_engine(engine: address, liquidation_from: uint256):
    assert msg.sender == configurator, "pool: not configurator"
    self.engine = engine
    self.liquidation_from = liquidation_from


# ---------------------------------------------------------------- external views


@external
@view
def config_words(asset: address) -> (uint256, uint256, uint256, uint256, address):
    return self.market_of[asset], self.listing_of[asset], self.caps_of[asset], self.ramp_of[asset], self.stakers_of[asset]


@external
@view
def guards() -> (uint256, uint256):
    return self.new_risk_from, self.liquidation_from


@external
@view
def reserves_count() -> uint256:
    return len(self.reserves)


@external
@view
def reserve_at(id: uint256) -> address:
    return self.reserves[id]


@external
@view
def reserve_state(asset: address) -> ILendingPool.ReserveState:
    state: ILendingPool.ReserveState = empty(ILendingPool.ReserveState)
    state.cash = self.cash_of[asset]
    state.debt = self.debt_of[asset]
    state.borrow_rate_wad = self.rate_of[asset]
    return state
