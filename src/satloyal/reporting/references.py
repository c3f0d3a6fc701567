"""References: what a report may cite, by key. A block cites keys; the report lists those that were cited."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["REFERENCES", "cited"]

REFERENCES = {
    "bentler1990": (
        "Bentler, P. M. (1990). Comparative fit indexes in structural models. Psychological "
        "Bulletin, 107(2), 238–246."
    ),
    "bollen1987": (
        "Bollen, K. A. (1987). Total, direct, and indirect effects in structural equation "
        "models. Sociological Methodology, 17, 37–69."
    ),
    "bollen1989": "Bollen, K. A. (1989). Structural equations with latent variables. Wiley.",
    "burnham_anderson2002": (
        "Burnham, K. P., & Anderson, D. R. (2002). Model selection and multimodel "
        "inference (2nd ed.). Springer."
    ),
    "cochran1977": "Cochran, W. G. (1977). Sampling techniques (3rd ed.). Wiley.",
    "cohen1988": (
        "Cohen, J. (1988). Statistical power analysis for the behavioral sciences (2nd ed.). Erlbaum."
    ),
    "cronbach1951": (
        "Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. "
        "Psychometrika, 16(3), 297–334."
    ),
    "efron1987": (
        "Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American "
        "Statistical Association, 82(397), 171–185."
    ),
    "fornell_larcker1981": (
        "Fornell, C., & Larcker, D. F. (1981). Evaluating structural equation "
        "models with unobservable variables and measurement error. Journal of "
        "Marketing Research, 18(1), 39–50."
    ),
    "green_yang2009": (
        "Green, S. B., & Yang, Y. (2009). Reliability of summed item scores using structural equation "
        "modeling: An alternative to coefficient alpha. Psychometrika, 74(1), 155–167."
    ),
    "hancock_mueller2001": (
        "Hancock, G. R., & Mueller, R. O. (2001). Rethinking construct reliability within latent variable "
        "systems. In R. Cudeck, S. du Toit, & D. Sörbom (Eds.), Structural equation modeling: Present and "
        "future (pp. 195–216). Scientific Software International."
    ),
    "henseler2015": (
        "Henseler, J., Ringle, C. M., & Sarstedt, M. (2015). A new criterion for assessing "
        "discriminant validity in variance-based structural equation modeling. Journal of "
        "the Academy of Marketing Science, 43(1), 115–135."
    ),
    "hu_bentler1999": (
        "Hu, L., & Bentler, P. M. (1999). Cutoff criteria for fit indexes in covariance "
        "structure analysis: Conventional criteria versus new alternatives. Structural "
        "Equation Modeling, 6(1), 1–55."
    ),
    "hurvich_tsai1989": (
        "Hurvich, C. M., & Tsai, C.-L. (1989). Regression and time series model "
        "selection in small samples. Biometrika, 76(2), 297–307."
    ),
    "kline2016": (
        "Kline, R. B. (2016). Principles and practice of structural equation modeling (4th "
        "ed.). Guilford Press."
    ),
    "lakens2017": (
        "Lakens, D. (2017). Equivalence tests: A practical primer for t tests, correlations, "
        "and meta-analyses. Social Psychological and Personality Science, 8(4), 355–362."
    ),
    "maxwell_cole2007": (
        "Maxwell, S. E., & Cole, D. A. (2007). Bias in cross-sectional analyses of "
        "longitudinal mediation. Psychological Methods, 12(1), 23–44."
    ),
    "mcdonald1999": "McDonald, R. P. (1999). Test theory: A unified treatment. Erlbaum.",
    "podsakoff2003": (
        "Podsakoff, P. M., MacKenzie, S. B., Lee, J.-Y., & Podsakoff, N. P. (2003). "
        "Common method biases in behavioral research: A critical review of the literature "
        "and recommended remedies. Journal of Applied Psychology, 88(5), 879–903."
    ),
    "sobel1982": (
        "Sobel, M. E. (1982). Asymptotic confidence intervals for indirect effects in "
        "structural equation models. Sociological Methodology, 13, 290–312."
    ),
    "steiger1990": (
        "Steiger, J. H. (1990). Structural model evaluation and modification: An interval "
        "estimation approach. Multivariate Behavioral Research, 25(2), 173–180."
    ),
    "tucker_lewis1973": (
        "Tucker, L. R., & Lewis, C. (1973). A reliability coefficient for maximum "
        "likelihood factor analysis. Psychometrika, 38(1), 1–10."
    ),
}


def cited(keys: Iterable[str]) -> tuple[str, ...]:
    """Return the references of some keys, each once, in alphabetical order.

    Examples
    --------
    >>> cited(["cohen1988", "bollen1989", "cohen1988"])[0][:6]
    'Bollen'
    """
    return tuple(sorted(REFERENCES[key] for key in set(keys)))
