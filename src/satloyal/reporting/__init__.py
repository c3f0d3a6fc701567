"""What we may say: tables, figures, documents, and their renderings."""
