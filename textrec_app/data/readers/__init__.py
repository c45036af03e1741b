"""Readers of labeled data, one file for each format."""
