"""
The thin HTTP service: it only translates HTTP to the library. Needs the extra ``service``.
"""

from gateway.service.app import create_app
from gateway.service.context import Service
from gateway.service.server import Server

__all__ = ["Server", "Service", "create_app"]
