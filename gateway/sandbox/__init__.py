"""The partners' mocks behind real sockets, with switches for faults. Never part of a production system."""
