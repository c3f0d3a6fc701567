"""Where survey, claim and arithmetic meet; every ``fit_*`` function returns a ``Fit``."""
