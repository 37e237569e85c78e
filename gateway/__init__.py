"""Liên Thông: carries dossiers and their statuses between Vietnam's public-service systems, once and in order."""
