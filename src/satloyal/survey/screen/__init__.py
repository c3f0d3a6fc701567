"""Screening: indices of careless responding, one module each, and the table that gathers them.

No index proves carelessness, and nobody is left out until :meth:`satloyal.Survey.keep` is asked to.
"""
