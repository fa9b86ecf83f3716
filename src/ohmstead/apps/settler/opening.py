"""From ``[chain]`` of network.toml to a chain with our contracts on it.

``anvil`` is the embedded demo chain: its dumps lie in ``DIR/chain``, its keys can be computed by
anybody. ``rpc`` is a chain of others: the one key is ``DIR/keys/settler.key``. Where the contracts
are is remembered in ``DIR/deployment.json`` and held against the chain at every start.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ohmstead.adapters.chain.evm.anvil import Anvil, AnvilEvent, find_anvil
from ohmstead.adapters.chain.evm.chain import EvmChain
from ohmstead.adapters.chain.evm.deploy import Deployment, DeploymentPlan, check_deployment, deploy
from ohmstead.adapters.chain.evm.finality import (
    FinalByDepth,
    FinalByTag,
    Finality,
    FinalWhenDurable,
)
from ohmstead.adapters.chain.evm.journal import TxJournal
from ohmstead.adapters.chain.evm.keys import LocalKey
from ohmstead.adapters.chain.evm.rpc import Rpc, ask_chain_id
from ohmstead.adapters.chain.evm.sender import Sender, SendPolicy
from ohmstead.adapters.chain.evm.shapes import as_int
from ohmstead.adapters.chain.evm.testwallets import (
    FUNDER_KEY,
    LOCAL_CHAIN_ID,
    TestWallets,
    fund,
)
from ohmstead.apps.config import ChainConfig, Config
from ohmstead.apps.settler.journal import StoreTxJournal
from ohmstead.core.onchain import ChainCursor, EpochRecord
from ohmstead.core.receipt_session import LedgerRef
from ohmstead.errors import ChainUnavailable, OperatorError
from ohmstead.hashing import keccak
from ohmstead.ports import Store

DEPLOYMENT_FILE = "deployment.json"
KEY_FILE = "settler.key"
FORMAT = "ohmstead-deployment/1"
# An epoch is final when a durable block is later than its window, and nothing else may happen then.
IDLE_DUMP_MIN_S, IDLE_DUMP_MAX_S = 5, 30
_FINAL_TRIES = 60  # of a second each, and a dump each


@dataclass(slots=True)
class OpenedChain:
    """A chain that is there, with our contracts on it, and what talks to it.

    ``chain`` acts with the settler's key, ``registrar`` with the key that registers meters that
    cannot sign their binding. ``anvil`` is None for a chain that is not ours.
    """

    rpc: Rpc
    deployment: Deployment
    finality: Finality
    journal: TxJournal
    chain: EvmChain
    registrar: EvmChain
    anvil: Anvil | None
    policy: SendPolicy
    _wallets: TestWallets | None = field(default=None, init=False, repr=False)

    @property
    def ledger(self) -> LedgerRef:
        """How receipts name this chain and its contracts."""
        d = self.deployment
        return LedgerRef(d.chain_id, d.settlement, d.registry, d.escrow)

    def wallets(self) -> TestWallets:
        """Drivers' wallets for demonstrations; raises OperatorError on any but a local chain.

        Always the same object: two would send with the funder's key and each other's nonces.
        """
        if self._wallets is None:
            self._wallets = TestWallets(
                self.rpc, self.deployment, self.journal, self.finality, self.policy
            )
        return self._wallets

    async def make_durable(self) -> None:
        """Dump the embedded chain now, so that its newest blocks become final; else nothing."""
        if self.anvil is not None:
            await asyncio.to_thread(self.anvil.dump)

    async def close(self) -> None:
        """Close the connections and end the embedded chain with a last dump."""
        await self.rpc.close()
        if self.anvil is not None:
            await asyncio.to_thread(self.anvil.stop)


async def open_chain(
    config: Config,
    directory: Path,
    store: Store,
    *,
    policy: SendPolicy | None = None,
    on_note: Callable[[str], None] = lambda note: None,
    on_anvil: Callable[[AnvilEvent], None] = lambda event: None,
) -> OpenedChain | None:
    """Open the network's chain, deploying the contracts the first time; None for kind ``none``.

    Raises OperatorError, saying what to do, when the chain is another one or has lost the
    contracts, and ChainUnavailable when it does not answer: then try again.
    """
    policy = policy or SendPolicy()
    if config.chain.kind == "none":
        return None
    _refuse_to_begin_anew(directory, store)
    if config.chain.kind == "rpc":
        return await _open_rpc(config.chain, directory, store, policy, on_note)
    anvil = Anvil(
        find_anvil(),
        directory / "chain",
        dump_every_s=config.chain.dump_every_s,
        idle_dump_every_s=min(IDLE_DUMP_MAX_S, max(IDLE_DUMP_MIN_S, config.chain.window_s)),
        on_event=on_anvil,
    )
    await asyncio.to_thread(anvil.start)
    rpc = Rpc(anvil.url, LOCAL_CHAIN_ID)
    try:
        return await _open_anvil(config.chain, directory, store, anvil, rpc, policy, on_note)
    except BaseException:
        await rpc.close()
        await asyncio.to_thread(anvil.stop)
        raise


def _refuse_to_begin_anew(directory: Path, store: Store) -> None:
    """Contracts are deployed once: raise OperatorError where some were used and none are named."""
    path = directory / DEPLOYMENT_FILE
    if path.exists():
        return
    booked, epochs = store.find(ChainCursor, 1), store.find(EpochRecord, 1)
    if not booked and not epochs:
        return
    upto = f" up to block {booked[0].block_number}" if booked else ""
    raise OperatorError(
        f"{path} is missing, and the books know contracts{upto}: put the file back (each backup "
        "since the first start has it); new contracts would hold none of that money"
    )


def local_key(role: str) -> LocalKey:
    """Return the key of a role on the embedded chain; it is no secret and has no worth."""
    return LocalKey(keccak(b"ohmstead local chain: " + role.encode()))


async def _open_anvil(
    config: ChainConfig,
    directory: Path,
    store: Store,
    anvil: Anvil,
    rpc: Rpc,
    policy: SendPolicy,
    on_note: Callable[[str], None],
) -> OpenedChain:
    finality = FinalWhenDurable(lambda: anvil.durable.number)
    journal = StoreTxJournal(store)

    def sender(key: LocalKey) -> Sender:
        return Sender(rpc, key, journal, finality, policy, on_note)

    settler, registrar = local_key("settler"), local_key("registrar")
    deployment = await _remembered(config, directory, rpc)
    if deployment is None:
        deployer, funder = local_key("deployer"), sender(LocalKey(FUNDER_KEY))
        for key in (deployer, settler, registrar):
            await fund(funder, key.address)
        plan = DeploymentPlan(settler.address, registrar.address, config.window_s, config.thaw_s)
        work = sender(deployer)
        deployment = await deploy(rpc, work, plan, final=False)
        await _make_final(anvil, finality, rpc, deployment.block)
        # A restart meanwhile may have taken blocks back: what was lost is sent again here.
        deployment = await deploy(rpc, work, plan, final=True)
        _remember(config, directory, deployment)
    return OpenedChain(
        rpc,
        deployment,
        finality,
        journal,
        EvmChain(rpc, deployment, finality, sender(settler)),
        EvmChain(rpc, deployment, finality, sender(registrar)),
        anvil,
        policy,
    )


async def _make_final(anvil: Anvil, finality: Finality, rpc: Rpc, block: int) -> None:
    """Dump until the block is final: the first start need not wait for the usual interval."""
    for _ in range(_FINAL_TRIES):
        await asyncio.to_thread(anvil.dump)
        if await finality.final_block(rpc) >= block:
            return
        await asyncio.sleep(0.5)
    raise ChainUnavailable(f"block {block} of the embedded chain does not become final")


async def _open_rpc(
    config: ChainConfig,
    directory: Path,
    store: Store,
    policy: SendPolicy,
    on_note: Callable[[str], None],
) -> OpenedChain:
    key = settler_key(directory)
    rpc = Rpc(config.url, await ask_chain_id(config.url))
    finality = FinalByTag() if config.final == "tag" else FinalByDepth(config.final_depth)
    journal = StoreTxJournal(store)
    sender = Sender(rpc, key, journal, finality, policy, on_note)
    try:
        deployment = await _remembered(config, directory, rpc)
        if deployment is None:
            deployment = await _deploy_by_rpc(config, directory, rpc, sender)
        chain = EvmChain(rpc, deployment, finality, sender)
    except BaseException:
        await rpc.close()
        raise
    return OpenedChain(rpc, deployment, finality, journal, chain, chain, None, policy)


async def _deploy_by_rpc(
    config: ChainConfig, directory: Path, rpc: Rpc, sender: Sender
) -> Deployment:
    if not config.stablecoin and rpc.chain_id != LOCAL_CHAIN_ID:
        raise OperatorError(
            f"chain {rpc.chain_id} has no test stablecoin: set chain.stablecoin to the address of "
            "the one that sessions are paid in"
        )
    balance = await rpc.ask("eth_getBalance", sender.address, "latest")
    if not as_int(balance, "eth_getBalance"):
        raise OperatorError(
            f"the settler {sender.address} has no coin for gas on chain {rpc.chain_id}: send it "
            "some and start again"
        )
    plan = DeploymentPlan(
        sender.address, sender.address, config.window_s, config.thaw_s, config.stablecoin.lower()
    )
    deployment = await deploy(rpc, sender, plan, final=True)
    _remember(config, directory, deployment)
    return deployment


def settler_key(directory: Path) -> LocalKey:
    """Return the key in ``keys/settler.key``, made at the first call; raises OperatorError."""
    path = directory / "keys" / KEY_FILE
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        pass
    if path.stat().st_mode & 0o077:
        raise OperatorError(f"{path} can be read by others: run `chmod 600 {path}`")
    try:
        return LocalKey(bytes.fromhex(path.read_text().strip()))
    except ValueError:
        raise OperatorError(f"{path} is not a key of 64 hex digits; restore it") from None


class _Remembered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    deployment: Deployment
    window_s: int
    thaw_s: int


async def _remembered(config: ChainConfig, directory: Path, rpc: Rpc) -> Deployment | None:
    """Return what deployment.json says, held against the chain; None where there is no file."""
    path = directory / DEPLOYMENT_FILE
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Remembered)
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as wrong:
        raise OperatorError(f"{path} cannot be read ({wrong}); restore it from a backup") from None
    if found.format != FORMAT:
        raise OperatorError(f"{path} is {found.format}, and this version reads {FORMAT}")
    deployment = found.deployment
    if deployment.chain_id != rpc.chain_id:
        raise OperatorError(
            f"{path} is of chain {deployment.chain_id}, and {rpc.url} is chain {rpc.chain_id}: "
            "correct chain.url, or begin a new network with `ohmstead init`"
        )
    if (found.window_s, found.thaw_s) != (config.window_s, config.thaw_s):
        raise OperatorError(
            f"chain.window_s and chain.thaw_s were fixed at {found.window_s} and {found.thaw_s} "
            "when the contracts were deployed: set them back"
        )
    await rpc.check_chain()
    for address in (deployment.registry, deployment.escrow, deployment.settlement):
        if not await rpc.code(address):
            raise OperatorError(
                f"the chain behind {rpc.url} has lost the contracts of {path} (none at {address}): "
                "restore the chain from a backup, or begin a new network with `ohmstead init`"
            )
    await check_deployment(rpc, deployment)
    return deployment


def _remember(config: ChainConfig, directory: Path, deployment: Deployment) -> None:
    """Write deployment.json whole or not at all."""
    body = _Remembered(FORMAT, deployment, config.window_s, config.thaw_s)
    text = msgspec.json.format(msgspec.json.encode(body), indent=2)
    temporary = directory / (DEPLOYMENT_FILE + ".tmp")
    with open(temporary, "wb") as file:
        file.write(text + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, directory / DEPLOYMENT_FILE)
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
