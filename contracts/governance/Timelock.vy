# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy off
"""
@title A delay between what is decided and what acts
@license MIT
@dev snekmate's timelock_controller, administered by itself alone: roles and the delay change by operations of its own, and nobody,
     the deployer included, has a way around the delay.

     An operation that nobody could, or would, execute in 14 days from when it was ready is void. It would else wait for whoever finds a
     use for it: an `unfreeze` that was refused because nothing was frozen would undo the next freeze in the same block.

     To own a PoolConfigurator it accepts the ownership by an operation of its own, after its first delay.

     Locked against re-entry it would be of no use to an operation that changes its own roles or delay, which it calls from `execute`.
     What an operation calls may call back; an operation executed in the meantime makes the outer one fail.
"""

# ---------------------------------------------------------------- imports

# who may propose, cancel and execute
from snekmate.auth import access_control
from snekmate.governance import timelock_controller

initializes: access_control
initializes: timelock_controller[access_control := access_control]

exports: (
    # operations
    timelock_controller.schedule,
    timelock_controller.schedule_batch,
    timelock_controller.cancel,
    timelock_controller.update_delay,
    timelock_controller.hash_operation,
    timelock_controller.hash_operation_batch,
    timelock_controller.is_operation,
    timelock_controller.is_operation_pending,
    timelock_controller.is_operation_ready,
    timelock_controller.is_operation_done,
    timelock_controller.get_operation_state,
    timelock_controller.get_timestamp,
    timelock_controller.get_minimum_delay,
    # roles
    timelock_controller.PROPOSER_ROLE,
    timelock_controller.EXECUTOR_ROLE,
    timelock_controller.CANCELLER_ROLE,
    timelock_controller.DEFAULT_ADMIN_ROLE,
    timelock_controller.hasRole,
    timelock_controller.getRoleAdmin,
    timelock_controller.grantRole,
    timelock_controller.revokeRole,
    timelock_controller.renounceRole,
    timelock_controller.set_role_admin,
)

# ---------------------------------------------------------------- constants

# How long an operation may be executed once it is ready, seconds
EXECUTION_WINDOW: public(constant(uint256)) = 14 * 86_400

# ---------------------------------------------------------------- constructor


@deploy
def __init__(minimum_delay: uint256, proposers: DynArray[address, 255], executors: DynArray[address, 255]):
    """
    @param minimum_delay Seconds between `schedule` and `execute`, at least
    @param proposers May schedule and cancel
    @param executors May execute what has waited; with the zero address among them anyone may
    """
    access_control.__init__()
    timelock_controller.__init__(minimum_delay, proposers, executors, empty(address))


# ---------------------------------------------------------------- external, executors


@external
@payable
def execute(target: address, amount: uint256, payload: Bytes[1_024], predecessor: bytes32, salt: bytes32):
    timelock_controller._only_role_or_open_role(timelock_controller.EXECUTOR_ROLE)
    id: bytes32 = timelock_controller._hash_operation(target, amount, payload, predecessor, salt)
    self._check_not_expired(id)
    timelock_controller._before_call(id, predecessor)
    timelock_controller._execute(target, amount, payload)
    log timelock_controller.CallExecuted(id=id, index=0, target=target, amount=amount, payload=payload)
    timelock_controller._after_call(id)


@external
@payable
def execute_batch(
    targets: DynArray[address, 255],
    amounts: DynArray[uint256, 255],
    payloads: DynArray[Bytes[1_024], 255],
    predecessor: bytes32,
    salt: bytes32,
):
    timelock_controller._only_role_or_open_role(timelock_controller.EXECUTOR_ROLE)
    assert len(targets) == len(amounts) and len(targets) == len(payloads), "timelock: lengths differ"
    id: bytes32 = timelock_controller._hash_operation_batch(targets, amounts, payloads, predecessor, salt)
    self._check_not_expired(id)
    timelock_controller._before_call(id, predecessor)
    for i: uint256 in range(len(targets), bound=255):
        timelock_controller._execute(targets[i], amounts[i], payloads[i])
        log timelock_controller.CallExecuted(id=id, index=i, target=targets[i], amount=amounts[i], payload=payloads[i])
    timelock_controller._after_call(id)


# ---------------------------------------------------------------- internals


@internal
@view
def _check_not_expired(id: bytes32):
    ready_ts: uint256 = timelock_controller.get_timestamp[id]
    # 0 is unknown, 1 done: both are refused as not ready
    assert ready_ts <= 1 or block.timestamp <= ready_ts + EXECUTION_WINDOW, "timelock: expired"
