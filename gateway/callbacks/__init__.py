"""
Partners' calls to us: believed only when proven, stored before anything is done, processed once, answered as first.
"""

from gateway.callbacks.guard import Guard
from gateway.callbacks.rates import SourceRates
from gateway.callbacks.taking import Callbacks

__all__ = ["Callbacks", "Guard", "SourceRates"]
