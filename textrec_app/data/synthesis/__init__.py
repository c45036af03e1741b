"""Rendered training data: words and scenes with exact glyph masks and character boxes."""
