"""The ledger and the outbox, durable: one contract, one implementation for each database."""
