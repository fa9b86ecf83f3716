"""The contracts of a network, created and wired in one fixed sequence that may die anywhere.

Every step is an intent of the deployer's sender, so a second run goes on where the first stopped,
and a contract's address follows from the nonce that its creation was signed with: it is the same
when a reorganisation makes the creation happen again.
"""

from __future__ import annotations

from ohmstead.adapters.chain.evm.contracts import artifact
from ohmstead.adapters.chain.evm.journal import TxRecord, TxState
from ohmstead.adapters.chain.evm.keys import ADDRESS_LENGTH, rlp
from ohmstead.adapters.chain.evm.rpc import Rpc
from ohmstead.adapters.chain.evm.sender import Sender
from ohmstead.adapters.chain.evm.shapes import CallRequest
from ohmstead.errors import ChainUnavailable, OperatorError
from ohmstead.frozen import Frozen
from ohmstead.hashing import keccak

ZERO_ADDRESS = "0x" + "00" * ADDRESS_LENGTH
SETTLER_ROLE = keccak(b"SETTLER_ROLE")
REGISTRAR_ROLE = keccak(b"REGISTRAR_ROLE")


class Deployment(Frozen):
    """Where a network's contracts are; addresses are lower-case hex.

    ``block`` is the first block that holds all of it: no event of the network is older than the
    first creation, and everything is wired from here on.
    """

    chain_id: int
    first_block: int
    block: int
    stablecoin: str
    registry: str
    escrow: str
    settlement: str

    @property
    def ledger(self) -> str:
        """The CAIP-2 name of the chain."""
        return f"eip155:{self.chain_id}"


class DeploymentPlan(Frozen):
    """What a network wants: ``stablecoin`` empty creates the test one (local chains only).

    ``window_s`` is the time from anchoring to finality, ``thaw_s`` the notice before a withdrawal
    and longer than it. ``settler`` anchors, releases and refunds; ``registrar`` registers meters
    that cannot sign their binding.
    """

    settler: str
    registrar: str
    window_s: int
    thaw_s: int
    stablecoin: str = ""


async def deploy(rpc: Rpc, sender: Sender, plan: DeploymentPlan, *, final: bool) -> Deployment:
    """Create and wire what is missing; ``final`` waits until none of it can be undone.

    The sender's key becomes the contracts' admin. Raises OperatorError when a step fails for good,
    CallReverted when a contract refuses one, and ChainUnavailable: then call it again.
    """
    work = _Deploying(sender)
    admin = sender.address
    stablecoin = plan.stablecoin or await work.create("TestStablecoin")
    registry = await work.create("StationRegistry", admin)
    escrow = await work.create("ChargingEscrow", admin, (stablecoin, ZERO_ADDRESS), plan.thaw_s)
    settlement = await work.create("Settlement", admin, escrow, plan.window_s)
    await work.call("ChargingEscrow", escrow, "setSettlement", settlement)
    await work.call("ChargingEscrow", escrow, "grantRole", SETTLER_ROLE, plan.settler)
    await work.call("Settlement", settlement, "grantRole", SETTLER_ROLE, plan.settler)
    await work.call("StationRegistry", registry, "grantRole", REGISTRAR_ROLE, plan.registrar)
    if final:
        await work.wait_final()
    blocks = [record.block_number for record in work.done]
    deployment = Deployment(
        rpc.chain_id, min(blocks), max(blocks), stablecoin, registry, escrow, settlement
    )
    await check_deployment(rpc, deployment)
    return deployment


async def check_deployment(rpc: Rpc, deployment: Deployment) -> None:
    """Raise ChainUnavailable unless the contracts are there and belong together."""
    addresses = {
        "stablecoin": deployment.stablecoin,
        "registry": deployment.registry,
        "escrow": deployment.escrow,
        "settlement": deployment.settlement,
    }
    for name, address in addresses.items():
        if not await rpc.code(address):
            raise ChainUnavailable(f"{rpc.url} has no contract at {address}, the {name}")
    pairs = (
        ("ChargingEscrow", deployment.escrow, "settlement", deployment.settlement),
        ("Settlement", deployment.settlement, "escrow", deployment.escrow),
    )
    for contract, address, name, wanted in pairs:
        function = artifact(contract).function(name)
        answer = await rpc.call(CallRequest(ZERO_ADDRESS, address, function.encode()))
        if function.decode_result(answer)[0] != wanted:
            raise ChainUnavailable(f"the {contract} at {address} belongs to another network")


class _Deploying:
    """The steps so far, each an intent that is carried out once."""

    def __init__(self, sender: Sender) -> None:
        self.done: list[TxRecord] = []
        self._sender = sender

    async def create(self, contract: str, *arguments: object) -> str:
        data = artifact(contract).creation(*arguments)
        record = await self._carry_out(f"deploy/{contract}", "", data)
        return created_address(record.sender, record.nonce)

    async def call(self, contract: str, address: str, name: str, *arguments: object) -> None:
        data = artifact(contract).function(name).encode(*arguments)
        await self._carry_out(f"deploy/{contract}/{name}", address, data)

    async def wait_final(self) -> None:
        self.done = [
            _successful(await self._sender.wait(record.intent, final=True, timeout_s=600))
            for record in self.done
        ]

    async def _carry_out(self, intent: str, to: str, data: bytes) -> TxRecord:
        await self._sender.submit(intent, to, data)
        record = _successful(await self._sender.wait(intent))
        self.done.append(record)
        return record


def created_address(sender: str, nonce: int) -> str:
    """Return the address that a creation makes: keccak256(rlp([sender, nonce])), its last 20."""
    return "0x" + keccak(rlp([bytes.fromhex(sender[2:]), nonce]))[-ADDRESS_LENGTH:].hex()


def _successful(record: TxRecord) -> TxRecord:
    if record.state is TxState.REPLACED or not record.succeeded:
        raise OperatorError(
            f"{record.intent} ended {record.state.value}: look at {record.tx_hash}; "
            "deploy again with a fresh key once the cause is gone"
        )
    return record
