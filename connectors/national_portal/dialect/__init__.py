"""
The portal's side of a call: what provinces ask, what must be in it, how it is answered (contract 2, 4, 6, 13).

Shared by whoever stands in the portal's place: the sandbox's portal, and the gateway's own façade.
"""
