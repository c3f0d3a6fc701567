"""Reading survey files."""
