# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title Bundler
@license MIT
@notice Several actions of one account in one transaction, and the native coin, over a lending pool (see IBundler)
@dev Being the operator of many, it calls a pool with its own caller as the account, and nobody else: `_act` gets that account from
     `bundle`, or from the one callback that `bundle` expects.
"""

# ---------------------------------------------------------------- imports

from ethereum.ercs import IERC20

from interfaces import IBundler
from interfaces import ILendingPool
from interfaces import IOperators

# Transfers, permits, the native coin
from contracts.modules import periphery_payments

initializes: periphery_payments

implements: IBundler

exports: periphery_payments.WETH9

# ---------------------------------------------------------------- constants

MAX_ACTIONS: constant(uint256) = 16
# 16 actions of four words, their number, where they begin
MAX_DATA: constant(uint256) = 2_112

PULL: constant(uint256) = 1
WRAP: constant(uint256) = 2
UNWRAP: constant(uint256) = 3
SUPPLY: constant(uint256) = 4
REPAY: constant(uint256) = 5
# from here on as the account's operator
WITHDRAW: constant(uint256) = 6
BORROW: constant(uint256) = 7
SET_COLLATERAL: constant(uint256) = 8
REPAY_WITH_SHARES: constant(uint256) = 9
TRANSFER_SHARES: constant(uint256) = 10

# ---------------------------------------------------------------- immutables

operators: public(immutable(address))

# ---------------------------------------------------------------- transient storage

# While a deferral is being asked for: which pool may call back, for whom, with what
pool: transient(address)
account: transient(address)
actions_hash: transient(bytes32)

# ---------------------------------------------------------------- constructor


@deploy
def __init__(registry: address, wrapped_native: address):
    """
    @param registry Operators of the pools
    @param wrapped_native WETH9, or what a chain has in its place
    """
    periphery_payments.__init__(wrapped_native)
    operators = registry


@external
@payable
@reentrant
def __default__():
    # with 2,300 gas
    assert msg.sender == periphery_payments.WETH9  # dev: not the wrapper


# ---------------------------------------------------------------- external, bundles


@external
@payable
def bundle(
    pool: address,
    actions: DynArray[IBundler.Action, MAX_ACTIONS],
    permits: DynArray[IBundler.Permit, 4],
    authorisations: DynArray[IBundler.Authorisation, 2],
):
    for permit: IBundler.Permit in permits:
        self._permit(permit)
    for authorisation: IBundler.Authorisation in authorisations:
        if authorisation.approved:
            self._authorise(pool, authorisation)
    deferred: bool = False
    # Coin can be forced upon this contract: who takes none must not stumble over it.
    returns_coin: bool = msg.value != 0
    for action: IBundler.Action in actions:
        deferred = deferred or action.kind >= WITHDRAW
        returns_coin = returns_coin or action.kind == UNWRAP
    if deferred:
        data: Bytes[MAX_DATA] = abi_encode(actions)
        self.pool = pool
        self.account = msg.sender
        self.actions_hash = keccak256(data)
        extcall ILendingPool(pool).defer(msg.sender, data)
        assert self.pool == empty(address), "bundler: no deferral"
    else:
        self._act(pool, msg.sender, actions)

    for authorisation: IBundler.Authorisation in authorisations:
        if not authorisation.approved:
            self._authorise(pool, authorisation)
    for action: IBundler.Action in actions:
        if action.kind == WRAP or action.kind == UNWRAP:
            self._return(periphery_payments.WETH9)
        elif action.kind < WITHDRAW or action.party == self:
            self._return(action.asset)
    if returns_coin:
        self._return_coin()


@external
@reentrant
def on_deferred(account: address, data: Bytes[MAX_DATA]):
    # The hash: the pool may be false, and its caller's allowances large.
    assert msg.sender == self.pool and account == self.account and keccak256(data) == self.actions_hash, "bundler: unexpected call"
    self.pool = empty(address)
    self._act(msg.sender, account, abi_decode(data, DynArray[IBundler.Action, MAX_ACTIONS]))


# ---------------------------------------------------------------- external, with a permit


@external
def supply_with_permit(pool: address, amount: uint256, permit: IBundler.Permit) -> uint256:
    self._permit(permit)
    supplied: uint256 = amount
    if amount == max_value(uint256):
        supplied = staticcall IERC20(permit.asset).balanceOf(msg.sender)
    self._pull(permit.asset, msg.sender, supplied)
    shares: uint256 = self._supply(pool, permit.asset, supplied, msg.sender)
    self._return(permit.asset)
    return shares


@external
def repay_with_permit(pool: address, amount: uint256, permit: IBundler.Permit) -> uint256:
    self._permit(permit)
    repaid: uint256 = self._at_most_debt(pool, permit.asset, amount, msg.sender)
    self._pull(permit.asset, msg.sender, repaid)
    self._repay(pool, permit.asset, repaid, msg.sender)
    self._return(permit.asset)
    return repaid


# ---------------------------------------------------------------- external, in the native coin


@external
@payable
def supply_native(pool: address) -> uint256:
    self._wrap(msg.value)
    shares: uint256 = self._supply(pool, periphery_payments.WETH9, msg.value, msg.sender)
    self._return(periphery_payments.WETH9)
    return shares


@external
@payable
def repay_native(pool: address) -> uint256:
    repaid: uint256 = self._at_most_debt(pool, periphery_payments.WETH9, msg.value, msg.sender)
    self._wrap(repaid)
    self._repay(pool, periphery_payments.WETH9, repaid, msg.sender)
    self._return(periphery_payments.WETH9)
    self._return_coin()
    return repaid


@external
def withdraw_native(pool: address, amount: uint256, receiver: address) -> uint256:
    withdrawn: uint256 = extcall ILendingPool(pool).withdraw(periphery_payments.WETH9, amount, self, msg.sender)
    self._unwrap(withdrawn)
    periphery_payments._send_native(receiver, withdrawn)
    return withdrawn


@external
def borrow_native(pool: address, amount: uint256, receiver: address):
    extcall ILendingPool(pool).borrow(periphery_payments.WETH9, amount, self, msg.sender)
    self._unwrap(amount)
    periphery_payments._send_native(receiver, amount)


# ---------------------------------------------------------------- internals: actions


@internal
def _act(pool: address, account: address, actions: DynArray[IBundler.Action, MAX_ACTIONS]):
    for action: IBundler.Action in actions:
        asset: address = action.asset
        amount: uint256 = action.amount
        party: address = action.party
        if party == empty(address):
            party = account
        # Supply of this contract's own would be lost.
        assert party != self or (action.kind != SUPPLY and action.kind != TRANSFER_SHARES), "bundler: bad party"

        if action.kind == PULL:
            if amount == max_value(uint256):
                amount = staticcall IERC20(asset).balanceOf(account)
            self._pull(asset, account, amount)
        elif action.kind == WRAP:
            if amount == max_value(uint256):
                amount = self.balance
            self._wrap(amount)
        elif action.kind == UNWRAP:
            if amount == max_value(uint256):
                amount = staticcall IERC20(periphery_payments.WETH9).balanceOf(self)
            self._unwrap(amount)
        elif action.kind == SUPPLY:
            if amount == max_value(uint256):
                amount = staticcall IERC20(asset).balanceOf(self)
            else:
                self._pull_missing(asset, account, amount)
            self._supply(pool, asset, amount, party)
        elif action.kind == REPAY:
            # As in the pool: somebody else could make his debt grow in front of this.
            assert amount != max_value(uint256) or party == account, "bundler: own debt only"
            amount = self._at_most_debt(pool, asset, amount, party)
            self._pull_missing(asset, account, amount)
            self._repay(pool, asset, amount, party)
        elif action.kind == WITHDRAW:
            extcall ILendingPool(pool).withdraw(asset, amount, party, account)
        elif action.kind == BORROW:
            extcall ILendingPool(pool).borrow(asset, amount, party, account)
        elif action.kind == SET_COLLATERAL:
            extcall ILendingPool(pool).set_collateral(asset, amount != 0, account)
        elif action.kind == REPAY_WITH_SHARES:
            extcall ILendingPool(pool).repay_with_shares(asset, amount, party, account)
        elif action.kind == TRANSFER_SHARES:
            extcall ILendingPool(pool).transfer_shares(asset, amount, party, account)
        else:
            raise "bundler: unknown action"


@internal
def _supply(pool: address, asset: address, amount: uint256, on_behalf: address) -> uint256:
    self._approve(asset, pool, amount)
    shares: uint256 = extcall ILendingPool(pool).supply(asset, amount, on_behalf)
    self._disapprove(asset, pool)
    return shares


@internal
def _repay(pool: address, asset: address, amount: uint256, on_behalf: address):
    self._approve(asset, pool, amount)
    extcall ILendingPool(pool).repay(asset, amount, on_behalf)
    self._disapprove(asset, pool)


@internal
@view
def _at_most_debt(pool: address, asset: address, amount: uint256, account: address) -> uint256:
    return min(amount, staticcall ILendingPool(pool).debt_of(account, asset))


# ---------------------------------------------------------------- internals: signatures


@internal
def _permit(permit: IBundler.Permit):
    success: bool = raw_call(
        permit.asset,
        abi_encode(
            msg.sender,
            self,
            permit.amount,
            permit.deadline,
            permit.v,
            permit.r,
            permit.s,
            method_id=method_id("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"),
        ),
        revert_on_failure=False,
    )
    assert success or periphery_payments._allowance(permit.asset) >= permit.amount, "bundler: permit failed"


@internal
def _authorise(pool: address, authorisation: IBundler.Authorisation):
    success: bool = raw_call(
        operators,
        abi_encode(
            pool,
            msg.sender,
            self,
            authorisation.approved,
            authorisation.nonce,
            authorisation.deadline,
            authorisation.signature,
            method_id=method_id("set_operator_by_signature(address,address,address,bool,uint256,uint256,bytes)"),
        ),
        revert_on_failure=False,
    )
    if not success:
        approved: bool = staticcall IOperators(operators).is_operator(pool, msg.sender, self)
        assert approved == authorisation.approved, "bundler: not authorised"


# ---------------------------------------------------------------- internals: tokens and coin


@internal
def _pull_missing(asset: address, account: address, amount: uint256):
    held: uint256 = staticcall IERC20(asset).balanceOf(self)
    if held < amount:
        self._pull(asset, account, unsafe_sub(amount, held))


@internal
def _pull(asset: address, account: address, amount: uint256):
    self._check(
        periphery_payments._moved(asset, abi_encode(account, self, amount, method_id=method_id("transferFrom(address,address,uint256)")))
    )


@internal
def _approve(asset: address, pool: address, amount: uint256):
    self._check(periphery_payments._moved(asset, abi_encode(pool, amount, method_id=method_id("approve(address,uint256)"))))


@internal
def _disapprove(asset: address, pool: address):
    # A false pool that leaves its allowance unused would take what a later bundle holds.
    if staticcall IERC20(asset).allowance(self, pool) != 0:
        self._approve(asset, pool, 0)


@internal
def _return(asset: address):
    """
    @notice What is left of a token goes to the caller: a false pool may have taken less than it was offered
    """
    held: uint256 = staticcall IERC20(asset).balanceOf(self)
    if held != 0:
        self._check(periphery_payments._moved(asset, abi_encode(msg.sender, held, method_id=method_id("transfer(address,uint256)"))))


@internal
@pure
def _check(moved: bool):
    assert moved, "bundler: transfer failed"


@internal
def _return_coin():
    if self.balance != 0:
        periphery_payments._send_native(msg.sender, self.balance)


@internal
def _wrap(amount: uint256):
    extcall periphery_payments.WrappedNative(periphery_payments.WETH9).deposit(value=amount)


@internal
def _unwrap(amount: uint256):
    # A wrapper need not be able to send nothing.
    if amount != 0:
        extcall periphery_payments.WrappedNative(periphery_payments.WETH9).withdraw(amount)
