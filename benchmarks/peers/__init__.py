"""
Other engines beside ours: the same requests to the same sink in the same run, each engine in a process of its own.

What runs there (``runner`` and one module for each engine) imports nothing of the gateway: the engines are installed
into an environment of their own, so that nobody needs them who does not measure.
"""
