"""Checks of where a receipt stands: its leaf, the epoch's header and seal, the chain, the trust."""

from __future__ import annotations

from collections.abc import Callable

from ohmstead.core.epoch import Direction, lane_of
from ohmstead.core.merkle import ZERO, PositionalTree
from ohmstead.core.receipt_findings import (
    ChainFacts,
    Failed,
    Finding,
    Skipped,
    Subject,
    Trust,
    Unrooted,
)
from ohmstead.core.receipt_view import (
    Json,
    part,
    raw,
    read_header,
    read_leaf,
    read_seal,
    read_slots,
    whole,
)


def leaf(subject: Subject) -> Finding:
    """The leaf fits its epoch: place, registry version, running energies."""
    fields, header = subject.leaf, _header(subject)
    index, count = whole(fields["index"]), whole(fields["count"])
    if count != header["receipt_count"] or index >= count:
        return Failed("the leaf's place is not one of its epoch's")
    if whole(fields["registry_version"]) > whole(header["registry_version"]):
        return Failed("the leaf names a later registry than its epoch")
    energy_mwh = whole(subject.session["energy_mwh"])
    own = (energy_mwh, 0) if subject.session["proven"] else (0, energy_mwh)
    running = (whole(fields["proven_mwh"]), whole(fields["unproven_mwh"]))
    ends = (whole(header["proven_mwh"]), whole(header["unproven_mwh"]))
    if not all(a <= b <= c for a, b, c in zip(own, running, ends, strict=True)):
        return Failed("the running energies do not hold this session's, or exceed the epoch's")
    if (index == 0 and running != own) or (index == count - 1 and running != ends):
        return Failed("the running energies do not start or end as the epoch's do")
    return f"receipt {index} of {count}"


def receipts_proof(subject: Subject) -> Finding:
    """The leaf stands at its place under the root that the header commits to."""
    fields, header = subject.leaf, _header(subject)
    proof = subject.body["proof"]
    nodes = [raw(node) for node in proof] if isinstance(proof, list) else []
    if not PositionalTree.verify(
        raw(header["receipts"]),
        whole(header["receipt_count"]),
        whole(fields["index"]),
        read_leaf(fields).hash(),
        nodes,
    ):
        return Failed("the proof does not lead from the leaf to the epoch's root")
    return f"{len(nodes)} steps to the root"


def totals(subject: Subject) -> Finding:
    """The epoch's money holds this receipt's and pays out no more than it took in.

    Whether its entries sum to it is for whoever holds them: validators, and contracts in a dispute.
    """
    header = read_header(_header(subject))
    for asset, money in enumerate(header.totals):
        if money.credits + money.burns > money.spends or money.spends > money.settled:
            return Failed("the epoch pays out more than it took in")
        sums = (money.credits, money.burns, money.spends)
        for way, most in zip(Direction, sums, strict=True):
            lane = lane_of(asset, way)
            own = sum(
                slot.amount for slot in read_slots(subject.body["slots"]) if slot.lane == lane
            )
            if own > most:
                return Failed("this receipt moves more than its whole epoch")
    return "the epoch's money holds this receipt's"


def header(subject: Subject) -> Finding:
    """The header is the one that its hash names, and follows a parent unless it is the first."""
    fields, epoch = _header(subject), part(subject.body, "epoch")
    read = read_header(fields)
    if read.hash() != raw(epoch["header_hash"]):
        return Failed("the header is not the one that its hash names")
    if epoch["number"] != read.number or (read.number == 1) != (read.parent == ZERO):
        return Failed("the epoch's number is not its header's")
    return f"epoch {read.number}"


def seal(subject: Subject) -> Finding:
    """The seal holds the header, the roots and the time; its hash is all that the chain keeps."""
    epoch = part(subject.body, "epoch")
    read = read_seal(part(epoch, "seal"))
    if read != read_header(_header(subject)).seal(read.proposed_at_s):
        return Failed("the seal is not of this header")
    if read.hash() != raw(epoch["seal_hash"]):
        return Failed("the seal is not the one that its hash names")
    return str(epoch["seal_hash"])


def anchor(subject: Subject) -> Finding:
    """The chain holds this seal under this number, from the transaction named."""
    chain, body = subject.chain, subject.body
    if chain is None:
        return Skipped("not looked up on the chain")
    epoch, said = part(body, "epoch"), part(body, "anchor")
    if not _same_ledger(part(body, "ledger"), chain):
        return Failed("it was looked up on another ledger than the receipt names")
    if raw(epoch["seal_hash"]) != chain.seal or chain.seal == ZERO:
        return Failed(f"the chain holds another seal for epoch {epoch['number']}, or none")
    found = (chain.tx, chain.block_number, chain.block_hash)
    if (said["tx"], said["block_number"], said["block_hash"]) != found:
        return Failed("the seal was anchored by another transaction or in another block")
    if not chain.is_final:
        return Unrooted("anchored, not yet final")
    return f"final, from block {chain.block_number}"


def trust(subject: Subject) -> Finding:
    """The network, chain and contracts are those that the reader trusts."""
    roots, body = subject.trust, subject.body
    if roots is None:
        return Skipped("no trust file")
    if part(body, "network")["name"] != roots.network:
        return Failed("it is a receipt of another network")
    if not _same_ledger(part(body, "ledger"), roots):
        return Failed("chain or contracts are not those of the trust file")
    if roots.validators:
        return Failed("the trust file asks for validators, and the receipt has no attestations")
    return f"{roots.network} as pinned"


def _same_ledger(said: Json, other: Trust | ChainFacts) -> bool:
    return said == {
        "kind": "evm",
        "chain_id": other.chain_id,
        "settlement": other.settlement,
        "registry": other.registry,
        "escrow": other.escrow,
    }


def _header(subject: Subject) -> Json:
    return part(subject.body, "epoch", "header")


TREE_CHECKS: dict[str, Callable[[Subject], Finding]] = {
    "leaf": leaf,
    "receipts_proof": receipts_proof,
    "totals": totals,
    "header": header,
    "seal": seal,
}
ROOT_CHECKS: dict[str, Callable[[Subject], Finding]] = {"anchor": anchor, "trust": trust}
