# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title ReserveVault
@license MIT
@notice ERC-4626 vault over one reserve of the lending pool (see IReserveVault)
@dev Preserved: the pool shares that the vault holds >= totalSupply.

     The ERC-20 is written out here instead of being snekmate's: that one makes whoever deploys it owner and minter, says so in an
     event, and has room for a symbol of five characters.
"""

# ---------------------------------------------------------------- imports

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed
from ethereum.ercs import IERC4626

# Signatures of permits; refuses the second form (high s)
from snekmate.utils import ecdsa

# The domain of signatures, rebuilt when the chain id changes
from snekmate.utils import eip712_domain_separator

from interfaces import ILendingPool
from interfaces import IReserveVault
from interfaces import IReserveVaultFactory

# The words of the configuration
from contracts.modules import reserve_slots

# The pool's own conversions
from contracts.modules import shares_math
from contracts.modules import transfers

initializes: eip712_domain_separator

implements: IERC20
implements: IERC4626
implements: IReserveVault

exports: eip712_domain_separator.eip712Domain


# The first words of ILendingPool.ReserveState, which are all that is needed
interface Reserve:
    # (id, cash, total_shares, fee_shares, debt)
    def reserve_state(asset: address) -> (uint256, uint256, uint256, uint256, uint256): view


# ---------------------------------------------------------------- constants

# A unit of the asset is a million shares of the pool, at first.
DECIMALS_OFFSET: constant(uint8) = 6
PERMIT_TYPEHASH: constant(bytes32) = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")

# ---------------------------------------------------------------- immutables

factory: public(immutable(address))
pool: public(immutable(address))
asset: public(immutable(address))
name: public(immutable(String[41]))
symbol: public(immutable(String[34]))
decimals: public(immutable(uint8))

# ---------------------------------------------------------------- storage

totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
nonces: public(HashMap[address, uint256])

# ---------------------------------------------------------------- constructor


@deploy
def __init__():
    """
    @dev No arguments, so that the init code, and with it the hash that addresses are computed from, is the same for all vaults:
         whoever deploys answers `parameters()`.
    """
    lending_pool: address = empty(address)
    token: address = empty(address)
    lending_pool, token = staticcall IReserveVaultFactory(msg.sender).parameters()
    # Reverts where the asset is not listed. The answer matters to nobody: the address is known, anybody can have sent shares to it.
    sent_before: uint256 = staticcall ILendingPool(lending_pool).supply_shares_of(self, token)

    factory = msg.sender
    pool = lending_pool
    asset = token
    token_symbol: String[32] = self._symbol_of(token)
    name = concat("Plimsoll ", token_symbol)
    symbol = concat("pl", token_symbol)
    decimals = staticcall IERC20Detailed(token).decimals() + DECIMALS_OFFSET
    eip712_domain_separator.__init__(concat("Plimsoll ", token_symbol), "1")
    # Tokens are here only on their way to the pool.
    assert extcall IERC20(token).approve(lending_pool, max_value(uint256), default_return_value=True)  # dev: approval failed


# ---------------------------------------------------------------- external, ERC-4626


@external
def deposit(assets: uint256, receiver: address) -> uint256:
    shares: uint256 = self._supply(assets)
    self._mint(receiver, shares)
    log IERC4626.Deposit(sender=msg.sender, owner=receiver, assets=assets, shares=shares)
    return shares


@external
def mint(shares: uint256, receiver: address) -> uint256:
    assets: uint256 = self._assets_up(shares)
    # What the pool gives beyond them, for the last unit that was rounded up, belongs to no share.
    supplied: uint256 = self._supply(assets)
    assert supplied >= shares, "vault: price moved"
    self._mint(receiver, shares)
    log IERC4626.Deposit(sender=msg.sender, owner=receiver, assets=assets, shares=shares)
    return assets


@external
def withdraw(assets: uint256, receiver: address, owner: address) -> uint256:
    shares: uint256 = self._shares_up(assets)
    self._redeem(shares, assets, receiver, owner)
    return shares


@external
def redeem(shares: uint256, receiver: address, owner: address) -> uint256:
    assets: uint256 = self._assets_down(shares)
    self._redeem(shares, assets, receiver, owner)
    return assets


# ---------------------------------------------------------------- external, pool shares


@external
def deposit_shares(shares: uint256, receiver: address) -> uint256:
    # not `shares`, which may stand for all
    deposited: uint256 = extcall ILendingPool(pool).transfer_shares(asset, shares, self, msg.sender)
    self._mint(receiver, deposited)
    log IReserveVault.SharesDeposited(sender=msg.sender, owner=receiver, shares=deposited)
    return deposited


@external
def redeem_shares(shares: uint256, receiver: address, owner: address) -> uint256:
    self._check_receiver(receiver)
    # Before the pool sees the number: max_uint256 would be all that the vault has.
    self._burn(owner, shares)
    extcall ILendingPool(pool).transfer_shares(asset, shares, receiver)
    log IReserveVault.SharesRedeemed(sender=msg.sender, receiver=receiver, owner=owner, shares=shares)
    return shares


@external
def sweep() -> (uint256, uint256):
    treasury: address = staticcall ILendingPool(pool).treasury()
    surplus: uint256 = self._pool_shares() - self.totalSupply
    if surplus != 0:
        extcall ILendingPool(pool).transfer_shares(asset, surplus, treasury)
    amount: uint256 = staticcall IERC20(asset).balanceOf(self)
    if amount != 0:
        transfers._push(asset, treasury, amount)
    log IReserveVault.Swept(receiver=treasury, amount=amount, pool_shares=surplus)
    return amount, surplus


# ---------------------------------------------------------------- external, ERC-20 and ERC-2612


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self._transfer(msg.sender, receiver, amount)
    return True


@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    self._spend_allowance(owner, amount)
    self._transfer(owner, receiver, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    self._approve(msg.sender, spender, amount)
    return True


@external
def permit(owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    assert block.timestamp <= deadline, "vault: expired"
    nonce: uint256 = self.nonces[owner]
    digest: bytes32 = eip712_domain_separator._hash_typed_data_v4(
        keccak256(abi_encode(PERMIT_TYPEHASH, owner, spender, amount, nonce, deadline))
    )
    # never the zero address
    signer: address = ecdsa._recover_vrs(digest, convert(v, uint256), convert(r, uint256), convert(s, uint256))
    assert signer == owner, "vault: bad signature"
    self.nonces[owner] = unsafe_add(nonce, 1)
    self._approve(owner, spender, amount)


# ---------------------------------------------------------------- external views


@view
@external
def totalAssets() -> uint256:
    return self._assets_down(self.totalSupply)


@view
@external
def convertToShares(assets: uint256) -> uint256:
    return self._shares_down(assets)


@view
@external
def convertToAssets(shares: uint256) -> uint256:
    return self._assets_down(shares)


@view
@external
def maxDeposit(receiver: address) -> uint256:
    return self._room(receiver)


@view
@external
def maxMint(receiver: address) -> uint256:
    room: uint256 = self._room(receiver)
    if room == 0:
        return 0
    # A deposit of that much mints these, and one share more would cost a unit more.
    return self._shares_down(room)


@view
@external
def maxWithdraw(owner: address) -> uint256:
    cash: uint256 = 0
    assets: uint256 = 0
    total_shares: uint256 = 0
    cash, assets, total_shares = self._reserve_or_nothing()
    return min(self._cash_in_hand(cash), shares_math._to_assets_down(self.balanceOf[owner], assets, total_shares))


@view
@external
def maxRedeem(owner: address) -> uint256:
    cash: uint256 = 0
    assets: uint256 = 0
    total_shares: uint256 = 0
    cash, assets, total_shares = self._reserve_or_nothing()
    # The most shares that are worth less than a unit above the cash
    payable_shares: uint256 = ((self._cash_in_hand(cash) + 1) * (total_shares + shares_math.VIRTUAL_SHARES) - 1) // (
        assets + shares_math.VIRTUAL_ASSETS
    )
    shares: uint256 = min(payable_shares, self.balanceOf[owner])
    # The pool pays no amount of 0.
    if shares_math._to_assets_down(shares, assets, total_shares) == 0:
        return 0
    return shares


@view
@external
def previewDeposit(assets: uint256) -> uint256:
    return self._shares_down(assets)


@view
@external
def previewMint(shares: uint256) -> uint256:
    return self._assets_up(shares)


@view
@external
def previewWithdraw(assets: uint256) -> uint256:
    return self._shares_up(assets)


@view
@external
def previewRedeem(shares: uint256) -> uint256:
    return self._assets_down(shares)


@view
@external
@reentrant
def DOMAIN_SEPARATOR() -> bytes32:
    return eip712_domain_separator._domain_separator_v4()


# ---------------------------------------------------------------- internals: the reserve


@internal
def _supply(assets: uint256) -> uint256:
    """
    @notice Supply the caller's tokens. Returns the pool shares for them.
    """
    # All of it, or nothing: what was sent here before must not stand in for a fee that the token has kept.
    transfers._pull(asset, msg.sender, assets)
    return extcall ILendingPool(pool).supply(asset, assets, self)


@internal
def _redeem(shares: uint256, assets: uint256, receiver: address, owner: address):
    self._check_receiver(receiver)
    self._burn(owner, shares)
    # It takes no more shares than were burned: the price cannot move between the reading and this call.
    extcall ILendingPool(pool).withdraw(asset, assets, receiver)
    log IERC4626.Withdraw(sender=msg.sender, receiver=receiver, owner=owner, assets=assets, shares=shares)


@internal
@view
def _pool_shares() -> uint256:
    return staticcall ILendingPool(pool).supply_shares_of(self, asset)


@internal
@view
def _reserve() -> (uint256, uint256, uint256):
    """
    @notice (cash, assets, total_shares), interest up to now included
    """
    id: uint256 = 0
    cash: uint256 = 0
    total_shares: uint256 = 0
    fee_shares: uint256 = 0
    debt: uint256 = 0
    id, cash, total_shares, fee_shares, debt = staticcall Reserve(pool).reserve_state(asset)
    return cash, cash + debt, total_shares


@internal
@view
def _reserve_or_nothing() -> (uint256, uint256, uint256):
    """
    @notice The same; zeros while the pool is in the middle of a call: nothing can be done with it then
    """
    success: bool = False
    answer: Bytes[160] = b""
    success, answer = raw_call(
        pool,
        abi_encode(asset, method_id=method_id("reserve_state(address)")),
        max_outsize=160,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not success or len(answer) != 160:
        return 0, 0, 0
    words: uint256[5] = abi_decode(answer, uint256[5])
    # id, cash, total_shares, fee_shares, debt
    return words[1], words[1] + words[4], words[2]


@internal
@view
def _cash_in_hand(cash: uint256) -> uint256:
    """
    @notice The reserve's cash, but for what is out as a flash loan, which the pool's books count as there
    """
    return min(cash, staticcall IERC20(asset).balanceOf(pool))


@internal
@view
def _room(receiver: address) -> uint256:
    """
    @notice What may be supplied now
    """
    if receiver == empty(address) or receiver == self:
        return 0
    market: uint256 = 0
    listing: uint256 = 0
    caps: uint256 = 0
    ramp: uint256 = 0
    stakers: address = empty(address)
    market, listing, caps, ramp, stakers = staticcall ILendingPool(pool).config_words(asset)
    if market & reserve_slots.FROZEN != 0:
        return 0
    if market & reserve_slots.PAUSED_SUPPLY != 0:
        until: uint256 = (market >> reserve_slots.PAUSED_UNTIL_AT) & reserve_slots.MASK_26
        if block.timestamp >> reserve_slots.PAUSE_SHIFT < until:
            return 0
    cash: uint256 = 0
    assets: uint256 = 0
    total_shares: uint256 = 0
    cash, assets, total_shares = self._reserve_or_nothing()
    # There are dead shares in each reserve that was seeded.
    if total_shares == 0:
        return 0
    limit: uint256 = reserve_slots.MAX_ASSETS
    cap: uint256 = caps & reserve_slots.MASK_128
    if cap != 0:
        limit = min(limit, cap)
    if assets >= limit:
        return 0
    # The most that mints no more shares than fit
    fitting: uint256 = ((reserve_slots.MAX_SHARES - total_shares + 1) * (assets + shares_math.VIRTUAL_ASSETS) - 1) // (
        total_shares + shares_math.VIRTUAL_SHARES
    )
    return min(limit - assets, fitting)


# Those of shares_math, with checked arithmetic: anybody may ask for any number.


@internal
@view
def _shares_down(assets: uint256) -> uint256:
    cash: uint256 = 0
    total_assets: uint256 = 0
    total_shares: uint256 = 0
    cash, total_assets, total_shares = self._reserve()
    return assets * (total_shares + shares_math.VIRTUAL_SHARES) // (total_assets + shares_math.VIRTUAL_ASSETS)


@internal
@view
def _shares_up(assets: uint256) -> uint256:
    cash: uint256 = 0
    total_assets: uint256 = 0
    total_shares: uint256 = 0
    cash, total_assets, total_shares = self._reserve()
    return (assets * (total_shares + shares_math.VIRTUAL_SHARES) + total_assets) // (total_assets + shares_math.VIRTUAL_ASSETS)


@internal
@view
def _assets_down(shares: uint256) -> uint256:
    cash: uint256 = 0
    total_assets: uint256 = 0
    total_shares: uint256 = 0
    cash, total_assets, total_shares = self._reserve()
    return shares * (total_assets + shares_math.VIRTUAL_ASSETS) // (total_shares + shares_math.VIRTUAL_SHARES)


@internal
@view
def _assets_up(shares: uint256) -> uint256:
    cash: uint256 = 0
    total_assets: uint256 = 0
    total_shares: uint256 = 0
    cash, total_assets, total_shares = self._reserve()
    most: uint256 = total_shares + shares_math.VIRTUAL_SHARES
    return (shares * (total_assets + shares_math.VIRTUAL_ASSETS) + most - 1) // most


# ---------------------------------------------------------------- internals: shares


@internal
@view
def _check_receiver(receiver: address):
    assert receiver != empty(address) and receiver != self, "vault: bad receiver"


@internal
def _mint(receiver: address, shares: uint256):
    self._check_receiver(receiver)
    self.totalSupply += shares
    # no balance exceeds the total supply
    self.balanceOf[receiver] = unsafe_add(self.balanceOf[receiver], shares)
    log IERC20.Transfer(sender=empty(address), receiver=receiver, value=shares)


@internal
def _burn(owner: address, shares: uint256):
    """
    @notice Burn shares of `owner` for the caller
    """
    if msg.sender != owner:
        self._spend_allowance(owner, shares)
    balance: uint256 = self.balanceOf[owner]
    assert shares <= balance, "vault: insufficient shares"
    self.balanceOf[owner] = unsafe_sub(balance, shares)
    self.totalSupply = unsafe_sub(self.totalSupply, shares)
    log IERC20.Transfer(sender=owner, receiver=empty(address), value=shares)


@internal
def _transfer(owner: address, receiver: address, shares: uint256):
    self._check_receiver(receiver)
    balance: uint256 = self.balanceOf[owner]
    assert shares <= balance, "vault: insufficient shares"
    self.balanceOf[owner] = unsafe_sub(balance, shares)
    # no balance exceeds the total supply
    self.balanceOf[receiver] = unsafe_add(self.balanceOf[receiver], shares)
    log IERC20.Transfer(sender=owner, receiver=receiver, value=shares)


@internal
def _approve(owner: address, spender: address, amount: uint256):
    self.allowance[owner][spender] = amount
    log IERC20.Approval(owner=owner, spender=spender, value=amount)


@internal
def _spend_allowance(owner: address, amount: uint256):
    allowed: uint256 = self.allowance[owner][msg.sender]
    if allowed != max_value(uint256):
        assert amount <= allowed, "vault: insufficient allowance"
        self.allowance[owner][msg.sender] = unsafe_sub(allowed, amount)


@internal
@view
def _symbol_of(token: address) -> String[32]:
    """
    @dev Of tokens that answer 32 bytes instead of a string, or nothing, or a novel, there can be vaults too.
    """
    success: bool = False
    answer: Bytes[96] = b""
    success, answer = raw_call(token, method_id("symbol()"), max_outsize=96, is_static_call=True, revert_on_failure=False)
    # where the string is, its length, its 1 to 32 characters
    if success and len(answer) == 96 and extract32(answer, 0, output_type=uint256) == 32:
        length: uint256 = extract32(answer, 32, output_type=uint256)
        if 0 < length and length <= 32:
            return convert(slice(answer, 64, length), String[32])
    return "token"
