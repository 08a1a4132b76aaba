"""Carries a folder of CSV files into a bulk-import API, once each, and says how each one ended."""

__version__ = "0.1.0"
