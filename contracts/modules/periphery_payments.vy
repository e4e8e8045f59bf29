# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title Payments in tokens and in the native coin, permits, and several calls in one, as in Uniswap's periphery contracts
@license MIT
"""

from ethereum.ercs import IERC20


interface WrappedNative:
    def deposit(): payable
    def withdraw(amount: uint256): nonpayable


interface Permitting:
    def permit(owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32): nonpayable


# DAI's kind
interface PermittingAll:
    def permit(holder: address, spender: address, nonce: uint256, expiry: uint256, allowed: bool, v: uint8, r: bytes32, s: bytes32): nonpayable


# ---------------------------------------------------------------- immutables

WETH9: public(immutable(address))

# ---------------------------------------------------------------- constructor


@deploy
def __init__(wrapped_native: address):
    WETH9 = wrapped_native


# ---------------------------------------------------------------- external


@external
@payable
def unwrapWETH9(amountMinimum: uint256, recipient: address):
    amount: uint256 = staticcall IERC20(WETH9).balanceOf(self)
    assert amount >= amountMinimum, "Insufficient WETH9"
    if amount > 0:
        extcall WrappedNative(WETH9).withdraw(amount)
        self._send_native(recipient, amount)


@external
@payable
def sweepToken(token: address, amountMinimum: uint256, recipient: address):
    amount: uint256 = staticcall IERC20(token).balanceOf(self)
    assert amount >= amountMinimum, "Insufficient token"
    if amount > 0:
        self._push(token, recipient, amount)


@external
@payable
def refundETH():
    if self.balance > 0:
        self._send_native(msg.sender, self.balance)


@external
@payable
def selfPermit(token: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    self._permit(token, amount, deadline, v, r, s)


@external
@payable
def selfPermitIfNecessary(token: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    if self._allowance(token) < amount:
        self._permit(token, amount, deadline, v, r, s)


@external
@payable
def selfPermitAllowed(token: address, nonce: uint256, expiry: uint256, v: uint8, r: bytes32, s: bytes32):
    self._permit_all(token, nonce, expiry, v, r, s)


@external
@payable
def selfPermitAllowedIfNecessary(token: address, nonce: uint256, expiry: uint256, v: uint8, r: bytes32, s: bytes32):
    if self._allowance(token) < max_value(uint256):
        self._permit_all(token, nonce, expiry, v, r, s)


@external
@payable
@reentrant
def multicall(data: DynArray[Bytes[1024], 16]) -> DynArray[Bytes[512], 16]:
    # Each call takes the lock for itself
    results: DynArray[Bytes[512], 16] = []
    for call: Bytes[1024] in data:
        answer: Bytes[512] = raw_call(self, call, max_outsize=512, is_delegate_call=True)
        results.append(answer)
    return results


# ---------------------------------------------------------------- internals


@internal
def _pay(token: address, payer: address, amount: uint256):
    """
    @notice Pay the caller
    """
    if payer == self:
        self._push(token, msg.sender, amount)
    elif token == WETH9 and self.balance >= amount:
        extcall WrappedNative(token).deposit(value=amount)
        self._push(token, msg.sender, amount)
    else:
        assert self._moved(token, abi_encode(payer, msg.sender, amount, method_id=method_id("transferFrom(address,address,uint256)"))), "STF"


@internal
def _push(token: address, to: address, amount: uint256):
    assert self._moved(token, abi_encode(to, amount, method_id=method_id("transfer(address,uint256)"))), "ST"


@internal
def _moved(token: address, data: Bytes[100]) -> bool:
    """
    @dev Tokens that return nothing are accepted
    """
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(token, data, max_outsize=32, revert_on_failure=False)
    return success and (len(answer) == 0 or convert(answer, bool))


@internal
def _send_native(to: address, amount: uint256):
    assert raw_call(to, b"", value=amount, revert_on_failure=False), "STE"


@internal
@view
def _allowance(token: address) -> uint256:
    return staticcall IERC20(token).allowance(msg.sender, self)


@internal
def _permit(token: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    extcall Permitting(token).permit(msg.sender, self, amount, deadline, v, r, s)


@internal
def _permit_all(token: address, nonce: uint256, expiry: uint256, v: uint8, r: bytes32, s: bytes32):
    extcall PermittingAll(token).permit(msg.sender, self, nonce, expiry, True, v, r, s)
