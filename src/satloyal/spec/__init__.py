"""What we claim: the model language and the parameter table."""
