"""Propositions: which effect of which fit decides a claim."""
