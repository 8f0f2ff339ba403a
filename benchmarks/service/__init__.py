"""Requests a second, latency and overload of the service."""
