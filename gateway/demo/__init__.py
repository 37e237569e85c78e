"""The demonstration: five localities, their one-stop exports, and the comparison with the portal's own ledger."""
