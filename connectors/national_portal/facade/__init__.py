"""
The gateway in the portal's place: a one-stop system keeps making the calls that it makes to the portal's adapter
(contract 2 to 7.6), and changes one address.
"""
