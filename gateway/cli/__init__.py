"""The command ``lienthong``: it reads arguments, calls the library and prints; it decides nothing."""
