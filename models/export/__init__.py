"""Recognizers for other runtimes."""
