"""Code lists with source, edition and confidence, and the loader that refuses what it does not know."""
