"""References: what a report may cite, by key. A block cites keys; the report lists those that were cited."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["REFERENCES", "cited"]

REFERENCES = {
    "asparouhov_muthen2010": (
        "Asparouhov, T., & Muthén, B. (2010). Simple second order chi-square correction (Mplus "
        "technical appendix)."
    ),
    "azen_budescu2003": (
        "Azen, R., & Budescu, D. V. (2003). The dominance analysis approach for comparing predictors in "
        "multiple regression. Psychological Methods, 8(2), 129–148."
    ),
    "bauer_curran2005": (
        "Bauer, D. J., & Curran, P. J. (2005). Probing interactions in fixed and multilevel "
        "regression: Inferential and graphical techniques. Multivariate Behavioral Research, 40(3), "
        "373–400."
    ),
    "bentler1990": (
        "Bentler, P. M. (1990). Comparative fit indexes in structural models. Psychological Bulletin,"
        " 107(2), 238–246."
    ),
    "bentler_satorra2010": (
        "Bentler, P. M., & Satorra, A. (2010). Testing model nesting and equivalence. Psychological "
        "Methods, 15(2), 111–123."
    ),
    "bollen1987": (
        "Bollen, K. A. (1987). Total, direct, and indirect effects in structural equation models. "
        "Sociological Methodology, 17, 37–69."
    ),
    "bollen1989": "Bollen, K. A. (1989). Structural equations with latent variables. Wiley.",
    "burnham_anderson2002": (
        "Burnham, K. P., & Anderson, D. R. (2002). Model selection and multimodel inference (2nd "
        "ed.). Springer."
    ),
    "byrne1989": (
        "Byrne, B. M., Shavelson, R. J., & Muthén, B. (1989). Testing for the equivalence of factor "
        "covariance and mean structures: The issue of partial measurement invariance. Psychological "
        "Bulletin, 105(3), 456–466."
    ),
    "chen2007": (
        "Chen, F. F. (2007). Sensitivity of goodness of fit indexes to lack of measurement "
        "invariance. Structural Equation Modeling, 14(3), 464–504."
    ),
    "cheung_rensvold2002": (
        "Cheung, G. W., & Rensvold, R. B. (2002). Evaluating goodness-of-fit indexes for testing "
        "measurement invariance. Structural Equation Modeling, 9(2), 233–255."
    ),
    "cochran1977": "Cochran, W. G. (1977). Sampling techniques (3rd ed.). Wiley.",
    "cohen1988": (
        "Cohen, J. (1988). Statistical power analysis for the behavioral sciences (2nd ed.). Erlbaum."
    ),
    "cronbach1951": (
        "Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. "
        "Psychometrika, 16(3), 297–334."
    ),
    "dul2016": (
        "Dul, J. (2016). Necessary condition analysis (NCA): Logic and methodology of “necessary but not "
        "sufficient” causality. Organizational Research Methods, 19(1), 10–52."
    ),
    "dul_vanderlaan_kuik2020": (
        "Dul, J., van der Laan, E., & Kuik, R. (2020). A statistical significance test for necessary "
        "condition analysis. Organizational Research Methods, 23(2), 385–395."
    ),
    "efron1987": (
        "Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American Statistical"
        " Association, 82(397), 171–185."
    ),
    "enders_bandalos2001": (
        "Enders, C. K., & Bandalos, D. L. (2001). The relative performance of full information "
        "maximum likelihood estimation for missing data in structural equation models. Structural "
        "Equation Modeling, 8(3), 430–457."
    ),
    "fornell_larcker1981": (
        "Fornell, C., & Larcker, D. F. (1981). Evaluating structural equation models with "
        "unobservable variables and measurement error. Journal of Marketing Research, 18(1), 39–50."
    ),
    "green_yang2009": (
        "Green, S. B., & Yang, Y. (2009). Reliability of summed item scores using structural equation"
        " modeling: An alternative to coefficient alpha. Psychometrika, 74(1), 155–167."
    ),
    "gromping2006": (
        "Grömping, U. (2006). Relative importance for linear regression in R: The package relaimpo. Journal "
        "of Statistical Software, 17(1), 1–27."
    ),
    "hamaker2015": (
        "Hamaker, E. L., Kuiper, R. M., & Grasman, R. P. P. P. (2015). A critique of the cross-lagged"
        " panel model. Psychological Methods, 20(1), 102–116."
    ),
    "hancock2001": (
        "Hancock, G. R. (2001). Effect size, power, and sample size determination for structured "
        "means modeling and MIMIC approaches to between-groups hypothesis testing of means on a "
        "single latent construct. Psychometrika, 66(3), 373–388."
    ),
    "hancock_mueller2001": (
        "Hancock, G. R., & Mueller, R. O. (2001). Rethinking construct reliability within latent "
        "variable systems. In R. Cudeck, S. du Toit, & D. Sörbom (Eds.), Structural equation "
        "modeling: Present and future (pp. 195–216). Scientific Software International."
    ),
    "henseler2015": (
        "Henseler, J., Ringle, C. M., & Sarstedt, M. (2015). A new criterion for assessing "
        "discriminant validity in variance-based structural equation modeling. Journal of the Academy"
        " of Marketing Science, 43(1), 115–135."
    ),
    "hu_bentler1999": (
        "Hu, L., & Bentler, P. M. (1999). Cutoff criteria for fit indexes in covariance structure "
        "analysis: Conventional criteria versus new alternatives. Structural Equation Modeling, 6(1),"
        " 1–55."
    ),
    "hurvich_tsai1989": (
        "Hurvich, C. M., & Tsai, C.-L. (1989). Regression and time series model selection in small "
        "samples. Biometrika, 76(2), 297–307."
    ),
    "igolkina2020": (
        "Igolkina, A. A., & Meshcheryakov, G. (2020). semopy: A Python package for structural "
        "equation modeling. Structural Equation Modeling, 27(6), 952–963."
    ),
    "johnson2000": (
        "Johnson, J. W. (2000). A heuristic method for estimating the relative weight of predictor variables "
        "in multiple regression. Multivariate Behavioral Research, 35(1), 1–19."
    ),
    "joreskog1971": (
        "Jöreskog, K. G. (1971). Simultaneous factor analysis in several populations. Psychometrika, "
        "36(4), 409–426."
    ),
    "kline2016": (
        "Kline, R. B. (2016). Principles and practice of structural equation modeling (4th ed.). "
        "Guilford Press."
    ),
    "kock2015": (
        "Kock, N. (2015). Common method bias in PLS-SEM: A full collinearity assessment approach. "
        "International Journal of e-Collaboration, 11(4), 1–10."
    ),
    "lakens2017": (
        "Lakens, D. (2017). Equivalence tests: A practical primer for t tests, correlations, and "
        "meta-analyses. Social Psychological and Personality Science, 8(4), 355–362."
    ),
    "lindell_whitney2001": (
        "Lindell, M. K., & Whitney, D. J. (2001). Accounting for common method variance in cross-"
        "sectional research designs. Journal of Applied Psychology, 86(1), 114–121."
    ),
    "lindeman1980": (
        "Lindeman, R. H., Merenda, P. F., & Gold, R. Z. (1980). Introduction to bivariate and multivariate "
        "analysis. Scott, Foresman."
    ),
    "martilla_james1977": (
        "Martilla, J. A., & James, J. C. (1977). Importance-performance analysis. Journal of Marketing, "
        "41(1), 77–79."
    ),
    "maxwell_cole2007": (
        "Maxwell, S. E., & Cole, D. A. (2007). Bias in cross-sectional analyses of longitudinal "
        "mediation. Psychological Methods, 12(1), 23–44."
    ),
    "mcdonald1999": "McDonald, R. P. (1999). Test theory: A unified treatment. Erlbaum.",
    "meredith1993": (
        "Meredith, W. (1993). Measurement invariance, factor analysis and factorial invariance. "
        "Psychometrika, 58(4), 525–543."
    ),
    "muthen1984": (
        "Muthén, B. (1984). A general structural equation model with dichotomous, ordered "
        "categorical, and continuous latent variable indicators. Psychometrika, 49(1), 115–132."
    ),
    "muthen_muthen2002": (
        "Muthén, L. K., & Muthén, B. O. (2002). How to use a Monte Carlo study to decide on sample "
        "size and determine power. Structural Equation Modeling, 9(4), 599–620."
    ),
    "olsson1979": (
        "Olsson, U. (1979). Maximum likelihood estimation of the polychoric correlation coefficient. "
        "Psychometrika, 44(4), 443–460."
    ),
    "pek_maccallum2011": (
        "Pek, J., & MacCallum, R. C. (2011). Sensitivity analysis in structural equation models: "
        "Cases and their influence. Multivariate Behavioral Research, 46(2), 202–228."
    ),
    "podsakoff2003": (
        "Podsakoff, P. M., MacKenzie, S. B., Lee, J.-Y., & Podsakoff, N. P. (2003). Common method "
        "biases in behavioral research: A critical review of the literature and recommended remedies."
        " Journal of Applied Psychology, 88(5), 879–903."
    ),
    "roemer2021": (
        "Roemer, E., Schuberth, F., & Henseler, J. (2021). HTMT2: An improved criterion for assessing"
        " discriminant validity in structural equation modeling. Industrial Management & Data "
        "Systems, 121(12), 2637–2650."
    ),
    "rosseel_loh2022": (
        "Rosseel, Y., & Loh, W. W. (2022). A structural after measurement approach to structural "
        "equation modeling. Psychological Methods. Advance online publication. doi:10.1037/met0000503"
    ),
    "satorra_bentler1994": (
        "Satorra, A., & Bentler, P. M. (1994). Corrections to test statistics and standard errors in "
        "covariance structure analysis. In A. von Eye & C. C. Clogg (Eds.), Latent variables analysis"
        " (pp. 399–419). Sage."
    ),
    "sobel1982": (
        "Sobel, M. E. (1982). Asymptotic confidence intervals for indirect effects in structural "
        "equation models. Sociological Methodology, 13, 290–312."
    ),
    "sorbom1989": "Sörbom, D. (1989). Model modification. Psychometrika, 54(3), 371–384.",
    "steiger1990": (
        "Steiger, J. H. (1990). Structural model evaluation and modification: An interval estimation "
        "approach. Multivariate Behavioral Research, 25(2), 173–180."
    ),
    "tucker_lewis1973": (
        "Tucker, L. R., & Lewis, C. (1973). A reliability coefficient for maximum likelihood factor "
        "analysis. Psychometrika, 38(1), 1–10."
    ),
    "wall_amemiya2000": (
        "Wall, M. M., & Amemiya, Y. (2000). Estimation for polynomial structural equation models. "
        "Journal of the American Statistical Association, 95(451), 929–940."
    ),
    "wen2010": (
        "Wen, Z., Marsh, H. W., & Hau, K.-T. (2010). Structural equation models of latent "
        "interactions: An appropriate standardized solution and its scale-free properties. Structural"
        " Equation Modeling, 17(1), 1–22."
    ),
    "wu_estabrook2016": (
        "Wu, H., & Estabrook, R. (2016). Identification of confirmatory factor analysis models of "
        "different levels of invariance for ordered categorical outcomes. Psychometrika, 81(4), "
        "1014–1045."
    ),
    "yuan_bentler2000": (
        "Yuan, K.-H., & Bentler, P. M. (2000). Three likelihood-based methods for mean and covariance"
        " structure analysis with nonnormal missing data. Sociological Methodology, 30(1), 165–200."
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
