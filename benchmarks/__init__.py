"""
What the gateway costs, measured on this machine: ``python -m benchmarks``, or ``make bench``.

Every figure is a ratio of two measurements of one run, taken in turns; absolute numbers say more about the machine.
"""
