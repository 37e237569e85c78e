"""Who may do what over HTTP: every request has a caller with rights, or ends."""

from gateway.service.access.caller import Caller
from gateway.service.access.gate import SCHEME, Access
from gateway.service.access.ways import access_to

__all__ = ["SCHEME", "Access", "Caller", "access_to"]
