# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title The ERC-721 part of the position manager: reasons, events and permits as Uniswap's
@license MIT
@dev Lean instead of a general module: no enumeration on chain (four more slots written for each token), one word for the owner, with
     96 bits beside that belong to the importer, one for the approved address and the nonce of permits.
"""

from interfaces import IPositionManager


interface Signer:
    def isValidSignature(digest: bytes32, signature: Bytes[65]) -> bytes4: view


# ---------------------------------------------------------------- constants

name: public(constant(String[18])) = "Plimsoll Positions"
symbol: public(constant(String[8])) = "PLIM-POS"
baseURI: public(constant(String[1])) = ""

PERMIT_TYPEHASH: public(constant(bytes32)) = keccak256("Permit(address spender,uint256 tokenId,uint256 nonce,uint256 deadline)")
DOMAIN_TYPEHASH: constant(bytes32) = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
NAME_HASH: constant(bytes32) = keccak256("Plimsoll Positions")
VERSION_HASH: constant(bytes32) = keccak256("1")

# Selectors of the functions, as EIP-1271 and ERC-721 demand
VALID_SIGNATURE: constant(bytes4) = 0x1626ba7e
RECEIVED: constant(bytes4) = 0x150b7a02
# ERC-165, ERC-721, ERC-721 metadata
INTERFACES: constant(bytes4[3]) = [0x01ffc9a7, 0x80ac58cd, 0x5b5e139f]

MASK_160: constant(uint256) = 2**160 - 1

# ---------------------------------------------------------------- storage

# The importer's 96 bits | owner 160; zero: there is no such token
owner_words: HashMap[uint256, uint256]
# nonce uint96 | approved address 160
approvals: HashMap[uint256, uint256]
_balances: HashMap[address, uint256]
isApprovedForAll: public(reentrant(HashMap[address, HashMap[address, bool]]))
last_id: uint256

# ---------------------------------------------------------------- external


@external
def approve(to: address, tokenId: uint256):
    owner: address = self._owner_of(tokenId)
    if to == owner:
        self._fail("approval to current owner")
    if msg.sender != owner and not self.isApprovedForAll[owner][msg.sender]:
        self._fail("approve caller is not owner nor approved for all")
    self._approve(owner, to, tokenId, self.approvals[tokenId])


@external
def setApprovalForAll(operator: address, approved: bool):
    if operator == msg.sender:
        self._fail("approve to caller")
    self.isApprovedForAll[msg.sender][operator] = approved
    log IPositionManager.ApprovalForAll(owner=msg.sender, operator=operator, approved=approved)


@external
def transferFrom(sender: address, receiver: address, tokenId: uint256):
    word: uint256 = self.owner_words[tokenId]
    if not self._may(word, tokenId):
        self._fail("transfer caller is not owner nor approved")
    if self._address(word) != sender:
        self._fail("transfer of token that is not own")
    if receiver == empty(address):
        self._fail("transfer to the zero address")
    self._approve(sender, empty(address), tokenId, self.approvals[tokenId])
    # Cannot wrap: it counts the sender's tokens, of which this is one, and there are not 2**256
    self._balances[sender] = unsafe_sub(self._balances[sender], 1)
    self._balances[receiver] = unsafe_add(self._balances[receiver], 1)
    self.owner_words[tokenId] = word ^ convert(sender, uint256) ^ convert(receiver, uint256)
    log IPositionManager.Transfer(sender=sender, receiver=receiver, tokenId=tokenId)


@external
@reentrant
def safeTransferFrom(sender: address, receiver: address, tokenId: uint256, data: Bytes[1024] = b""):
    # The transfer takes the lock, the receiver is called without it: vaults act on a position in the moment it arrives
    raw_call(
        self,
        abi_encode(sender, receiver, tokenId, method_id=method_id("transferFrom(address,address,uint256)")),
        is_delegate_call=True,
    )
    if receiver.is_contract:
        success: bool = False
        answer: Bytes[256] = b""
        success, answer = raw_call(
            receiver,
            abi_encode(msg.sender, sender, tokenId, data, method_id=RECEIVED),
            max_outsize=256,
            revert_on_failure=False,
        )
        if not success and len(answer) != 0:
            raw_revert(answer)
        assert not success or len(answer) >= 32  # dev: no answer
        # It answers its own selector
        if not success or convert(slice(answer, 0, 4), bytes4) != RECEIVED:
            self._fail("transfer to non ERC721Receiver implementer")


@external
@payable
def permit(spender: address, tokenId: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    assert block.timestamp <= deadline, "Permit expired"
    owner: address = self._owner_of(tokenId)
    assert spender != owner, "ERC721Permit: approval to current owner"
    approval: uint256 = self.approvals[tokenId]
    # approval >> 160 is the nonce
    permission: bytes32 = keccak256(abi_encode(PERMIT_TYPEHASH, spender, tokenId, approval >> 160, deadline))
    digest: bytes32 = keccak256(concat(x"1901", self._domain_separator(), permission))
    authorized: bool = False
    if owner.is_contract:
        signature: Bytes[65] = concat(r, s, convert(v, bytes1))
        authorized = staticcall Signer(owner).isValidSignature(digest, signature) == VALID_SIGNATURE
    else:
        signer: address = ecrecover(digest, v, r, s)
        assert signer != empty(address), "Invalid signature"
        authorized = signer == owner
    assert authorized, "Unauthorized"
    self._approve(owner, spender, tokenId, unsafe_add(approval, 1 << 160))


# ---------------------------------------------------------------- views


@view
@external
@reentrant
def balanceOf(owner: address) -> uint256:
    if owner == empty(address):
        self._fail("balance query for the zero address")
    return self._balances[owner]


@view
@external
@reentrant
def ownerOf(tokenId: uint256) -> address:
    return self._owner_of(tokenId)


@view
@external
@reentrant
def getApproved(tokenId: uint256) -> address:
    if self.owner_words[tokenId] == 0:
        self._fail("approved query for nonexistent token")
    return self._address(self.approvals[tokenId])


@view
@external
@reentrant
def supportsInterface(interfaceId: bytes4) -> bool:
    return interfaceId in INTERFACES


@view
@external
@reentrant
def DOMAIN_SEPARATOR() -> bytes32:
    return self._domain_separator()


# ---------------------------------------------------------------- internals


@internal
def _mint(owner: address, bits: uint256) -> uint256:
    """
    @notice A new token. Returns its id, from 1 upwards.
    @param bits The importer's, from bit 160 on
    """
    if owner == empty(address):
        self._fail("mint to the zero address")
    token_id: uint256 = unsafe_add(self.last_id, 1)
    self.last_id = token_id
    self.owner_words[token_id] = bits | convert(owner, uint256)
    self._balances[owner] = unsafe_add(self._balances[owner], 1)
    log IPositionManager.Transfer(sender=empty(address), receiver=owner, tokenId=token_id)
    return token_id


@internal
def _burn(owner: address, token_id: uint256):
    self._approve(owner, empty(address), token_id, 0)
    self.owner_words[token_id] = 0
    self._balances[owner] = unsafe_sub(self._balances[owner], 1)
    log IPositionManager.Transfer(sender=owner, receiver=empty(address), tokenId=token_id)


@internal
def _approve(owner: address, to: address, token_id: uint256, approval: uint256):
    """
    @param approval The word, for its nonce
    """
    self.approvals[token_id] = (approval & ~MASK_160) | convert(to, uint256)
    log IPositionManager.Approval(owner=owner, approved=to, tokenId=token_id)


@internal
@view
def _authorized(token_id: uint256) -> uint256:
    """
    @notice The owner's word, if the caller may act for him
    """
    word: uint256 = self.owner_words[token_id]
    assert self._may(word, token_id), "Not approved"
    return word


@internal
@view
def _may(word: uint256, token_id: uint256) -> bool:
    owner: address = self._address(word)
    if owner == empty(address):
        self._fail("operator query for nonexistent token")
    return msg.sender == owner or self.isApprovedForAll[owner][msg.sender] or msg.sender == self._address(self.approvals[token_id])


@internal
@view
def _owner_of(token_id: uint256) -> address:
    owner: address = self._address(self.owner_words[token_id])
    if owner == empty(address):
        self._fail("owner query for nonexistent token")
    return owner


@internal
@view
def _domain_separator() -> bytes32:
    # Not stored: when a chain splits, signatures of one side must not count on the other
    return keccak256(abi_encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, chain.id, self))


@internal
@pure
def _address(word: uint256) -> address:
    return convert(word & MASK_160, address)


@internal
@pure
def _fail(reason: String[48]):
    """
    @dev One place for all reasons: spelled out where they arise they would be a tenth of the code
    """
    raise concat("ERC721: ", reason)
