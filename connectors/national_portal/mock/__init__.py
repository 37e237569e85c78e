"""The portal in process, for tests, for the sandbox and for people who develop against it."""

from connectors.national_portal.dialect.asks import PREFIXES
from connectors.national_portal.mock.accounts import Account
from connectors.national_portal.mock.catalogue import ProcedureSeed
from connectors.national_portal.mock.faults import Fault, FaultKind
from connectors.national_portal.mock.invariants import Counters
from connectors.national_portal.mock.ledger import CallRecord, DossierRecord, RawRequest, Step
from connectors.national_portal.mock.portal import Clock, Portal
from connectors.national_portal.mock.profiles import PROFILES
from connectors.national_portal.mock.settings import DSTCODE, Settings

__all__ = [
    "DSTCODE",
    "PREFIXES",
    "PROFILES",
    "Account",
    "CallRecord",
    "Clock",
    "Counters",
    "DossierRecord",
    "Fault",
    "FaultKind",
    "Portal",
    "ProcedureSeed",
    "RawRequest",
    "Settings",
    "Step",
]
