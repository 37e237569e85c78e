"""
What stands between the network and the application: it lets in, measures, and shows the door, at the price of a few
microseconds. Nothing here knows a dossier.
"""

from gateway.service.guard.descriptors import descriptors_for
from gateway.service.guard.door import Door
from gateway.service.guard.protocol import guarded
from gateway.service.guard.shedding import Shedding

__all__ = ["Door", "Shedding", "descriptors_for", "guarded"]
