"""The one-stop systems of provinces: where changes come from."""
