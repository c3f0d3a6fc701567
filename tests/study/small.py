"""A small study and its survey, for tests that run it many times."""

import numpy as np
import pandas as pd

STUDY = '''\
title = "Service and loyalty"
question = "Does service reach loyalty?"

[data]
file = "answers.csv"
codebook = "codebook.toml"

[model]
text = """
  Service =~ s1 + s2 + s3
  Loyalty =~ l1 + l2 + l3
  Loyalty ~ b*Service
  doubled := 2*b
"""

[bootstrap]
replicates = 60
seed = 3

[[curves]]
x = "Service"
y = "Loyalty"
shapes = ["linear", "quadratic"]

[groups]
by = ["brand"]

[propositions.main]
claim = "Service raises loyalty."
effect = "Service -> Loyalty"

[propositions.reverse]
claim = "Service lowers loyalty."
effect = "doubled"
direction = "negative"

[outputs]
formats = ["html", "csv", "json", "markdown", "latex"]
'''

CODEBOOK = """\
title = "A small survey"
group = "brand"
[constructs.Service]
items = ["s1", "s2", "s3"]
[constructs.Loyalty]
items = ["l1", "l2", "l3"]
"""


def answers(n=240, seed=1):
    rng = np.random.default_rng(seed)
    service = rng.normal(size=n)
    loyalty = 0.6 * service + rng.normal(scale=0.8, size=n)
    columns = {f"s{i}": 5 + service + rng.normal(scale=0.6, size=n) for i in (1, 2, 3)}
    columns |= {f"l{i}": 4 + loyalty + rng.normal(scale=0.6, size=n) for i in (1, 2, 3)}
    return pd.DataFrame(columns).round(2).assign(brand=rng.choice(["Ada", "Bo"], n))


def impossible_answers():
    """Return answers in which s1 is all but the mean of s2 and s3: its residual variance goes below zero."""
    frame = answers()
    noise = np.random.default_rng(2).normal(scale=0.6, size=(len(frame), 3)).round(2)
    frame["s2"] += noise[:, 0]
    frame["s3"] += noise[:, 1]
    frame["s1"] = ((frame["s2"] + frame["s3"]) / 2 + noise[:, 2] / 10).round(3)
    return frame
