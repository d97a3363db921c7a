"""Versioned artifacts as programs have them."""
