"""How many files and connections this process may have open."""

from __future__ import annotations

import resource

RESERVED = 128
"""For the database, the partners, logs and whatever else is no connection of a client."""


def descriptors_for(connections: int) -> int:
    """
    Raise this process's own limit as far as *connections* need and the machine allows; how many it can bear now.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + RESERVED
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    return max(1, soft - RESERVED)
