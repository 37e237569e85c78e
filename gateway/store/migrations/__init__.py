"""Numbered, forward-only steps of the schema; the last release keeps working on the new one."""
