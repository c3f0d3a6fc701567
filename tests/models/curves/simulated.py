"""Simulated answers on a ten-point scale, skewed as satisfaction is."""

import numpy as np
import pandas as pd

SKEW = np.array([1, 1, 2, 3, 5, 8, 14, 22, 22, 14]) / 92

TRUTHS = {
    "linear": lambda x: 2 + 0.6 * x,
    "logarithmic": lambda x: 1 + 3 * np.log(x),
    "saturating": lambda x: 2 + 7 * (1 - np.exp(-0.4 * (x - 1))),
    "logistic": lambda x: 2 + 6 / (1 + np.exp(-1.2 * (x - 6))),
}


def simulate(truth="linear", n=300, seed=0, noise=1.0, skewed=True):
    """Answers whose spread shrinks towards the top, as bounded outcomes have it."""
    rng = np.random.default_rng(seed)
    x = rng.choice(np.arange(1.0, 11.0), n, p=SKEW if skewed else None)
    y = TRUTHS[truth](x) + rng.normal(0, noise, n) * (1.5 - 0.05 * x)
    return pd.DataFrame({"SAT": x, "LOY": y})
