"""The store core: GreptimeDB's procedure store on Materialize's storage contracts."""

from procdash.store.blob import Blob, BlobMetadata
from procdash.store.consensus import SCAN_ALL, CaSResult, Consensus, SeqNo, VersionedData
from procdash.store.consensus_location import open_consensus
from procdash.store.errors import Determinate, ExternalError, Indeterminate
from procdash.store.keys import KeyType, ParsedKey
from procdash.store.location import open_blob, open_procedure_reader, open_procedure_store
from procdash.store.messages import MessageError, ProcedureMessage, ProcedureMessages
from procdash.store.procedure_store import ProcedureStore
from procdash.store.reader import ProcedureReader
from procdash.store.records import MessageHeader, ProcedureDetail, ProcedureRecord, StoredKey
from procdash.store.segments import KeySet
from procdash.store.state_store import StateStore
from procdash.store.tombstones import Tombstones
from procdash.store.unreliable import Unreliable, UnreliableHandle
from procdash.store.verify import new_token, was_committed, was_deleted, was_written
from procdash.store.wrappers import ReadOnly, Tasked

__all__ = [
    "SCAN_ALL",
    "Blob",
    "BlobMetadata",
    "CaSResult",
    "Consensus",
    "Determinate",
    "ExternalError",
    "Indeterminate",
    "KeySet",
    "KeyType",
    "MessageError",
    "MessageHeader",
    "ParsedKey",
    "ProcedureDetail",
    "ProcedureMessage",
    "ProcedureMessages",
    "ProcedureReader",
    "ProcedureRecord",
    "ProcedureStore",
    "ReadOnly",
    "SeqNo",
    "StateStore",
    "StoredKey",
    "Tasked",
    "Tombstones",
    "Unreliable",
    "UnreliableHandle",
    "VersionedData",
    "new_token",
    "open_blob",
    "open_consensus",
    "open_procedure_reader",
    "open_procedure_store",
    "was_committed",
    "was_deleted",
    "was_written",
]
