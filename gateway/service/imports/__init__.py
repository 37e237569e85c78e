"""
Export files over HTTP: an upload becomes a job that imports the file, and tells how far it is.
"""

from gateway.service.imports.routes import routes
from gateway.service.imports.runner import Runner

__all__ = ["Runner", "routes"]
