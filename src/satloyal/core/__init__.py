"""Arithmetic: numpy and scipy only, no names and no frames where arrays will do."""
