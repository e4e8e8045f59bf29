# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy off
"""
@title A delay between what is decided and what acts
@license MIT
@dev snekmate's timelock_controller, administered by itself alone: roles and the delay change by operations of its own, and nobody,
     the deployer included, has a way around the delay.

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
    timelock_controller.execute,
    timelock_controller.execute_batch,
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
