"""What people answered: scales, codebooks, surveys, readers, cleaning."""
