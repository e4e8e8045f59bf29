# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title ReserveVaultFactory
@license MIT
@notice Factory of ReserveVaults, one for each reserve of each lending pool (see IReserveVaultFactory)
"""

# ---------------------------------------------------------------- imports

from interfaces import IReserveVaultFactory

# The hash of a blueprint's init code
from contracts.modules import blueprints

implements: IReserveVaultFactory

# ---------------------------------------------------------------- immutables

blueprint: public(immutable(address))
init_code_hash: public(immutable(bytes32))

# ---------------------------------------------------------------- storage

# by pool, asset
vault_of: public(reentrant(HashMap[address, HashMap[address, address]]))
vaults: public(reentrant(DynArray[address, 2**32]))

# Of the vault that is being created, for its constructor
pool: transient(address)
asset: transient(address)

# ---------------------------------------------------------------- constructor


@deploy
def __init__(vault_blueprint: address):
    """
    @param vault_blueprint ERC-5202 blueprint of ReserveVault
    """
    blueprint = vault_blueprint
    init_code_hash = blueprints._hash_of_init_code(vault_blueprint)


# ---------------------------------------------------------------- external


@external
def create_vault(pool: address, asset: address) -> address:
    assert self.vault_of[pool][asset] == empty(address), "factory: vault exists"
    self.pool = pool
    self.asset = asset
    vault: address = create_from_blueprint(
        blueprint,
        code_offset=3,
        salt=keccak256(concat(convert(pool, bytes20), convert(asset, bytes20))),
    )
    self.pool = empty(address)
    self.asset = empty(address)

    self.vault_of[pool][asset] = vault
    self.vaults.append(vault)
    log IReserveVaultFactory.VaultCreated(pool=pool, asset=asset, vault=vault, count=len(self.vaults))
    return vault


# ---------------------------------------------------------------- external views


@view
@external
@reentrant
def parameters() -> (address, address):
    return self.pool, self.asset


@view
@external
@reentrant
def vaults_count() -> uint256:
    return len(self.vaults)
