"""Renderers: the same sections as HTML, Markdown, LaTeX, JSON and CSV."""
