"""The demonstration: five localities, their one-stop exports, and the comparison with the portal's own ledger."""

DEFAULT_DOSSIERS = 500
DEFAULT_SEED = 7
