"""Stored teacher predictions and their manifest."""
