# Modification indices, score tests, Wald and likelihood-ratio tests, standardised residuals and factor scores by
# lavaan, for tests/models/sem/test_*.py. Run in this folder:  Rscript make_judgement.R
suppressMessages(library(lavaan))
library(jsonlite)

data <- read.csv("../../../reference/data/holzinger_swineford_1939.csv")
cfa3 <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
structural <- paste0(cfa3, "\nspeed ~ visual + textual\ntextual ~ ageyr")
labelled <- "visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + c*x5 + x6\nspeed =~ x7 + x8 + d*x9"
shared <- "visual =~ x1 + a*x2 + a*x3\ntextual =~ x4 + a*x5 + x6"
constrained <- paste0(labelled, "\na == b\nc == d")

rows <- function(frame) {
  frame <- as.data.frame(unclass(frame), stringsAsFactors = FALSE)
  lapply(seq_len(nrow(frame)), function(i) as.list(frame[i, , drop = FALSE]))
}
mi <- function(fit) {
  one <- merge(as.data.frame(modindices(fit)), as.data.frame(modindices(fit, power = TRUE)),
               by = intersect(c("lhs", "op", "rhs", "group"), names(as.data.frame(modindices(fit)))), suffixes = c("", ".p"))
  keep <- intersect(c("lhs", "op", "rhs", "group", "mi", "epc", "sepc.lv", "sepc.all", "sepc.nox", "ncp", "power"), names(one))
  rows(one[, keep])
}
score <- function(fit) {
  found <- lavTestScore(fit)
  list(total = found$test$X2, univariate = found$uni$X2)
}
scores <- function(fit, method) {
  found <- lavPredict(fit, method = method, se = "standard")
  error <- attr(found, "se")
  if (is.list(found)) {
    first <- lapply(found, function(x) unname(unclass(x)[1:3, ]))
    list(first = first, se = lapply(error, function(x) x[1, ]))
  } else {
    list(first = list(unname(unclass(found)[1:3, ])), se = list(error[[1]][1, ]))
  }
}

fit_cfa <- cfa(cfa3, data)
fit_structural <- sem(structural, data)
fit_two <- cfa(cfa3, data, group = "school", group.equal = c("loadings", "intercepts"))
fit_path <- sem("x9 ~ x1 + x2\nx8 ~ x9 + x1", data)
fit_mlm <- cfa(cfa3, data, estimator = "MLM")
fit_mlr_equal <- cfa(gsub("b\\*", "a*", labelled), data, estimator = "MLR")
fit_mlr_free <- cfa(labelled, data, estimator = "MLR")
fit_labelled <- cfa(labelled, data)
fit_equal <- cfa(gsub("b\\*", "a*", labelled), data)
fit_shared <- cfa(shared, data)
fit_gls <- cfa(cfa3, data, estimator = "GLS")
fit_constrained <- cfa(constrained, data)
ordinal <- read.csv("../../../reference/data/holzinger_swineford_ordinal.csv")
fit_uls <- cfa(cfa3, data, estimator = "ULS")
fit_dwls <- cfa(cfa3, data, estimator = "DWLS")
fit_wlsmv <- cfa(cfa3, ordinal, estimator = "WLSMV", ordered = paste0("x", 1:9))

robust_difference <- lavTestLRT(fit_mlr_free, fit_mlr_equal, method = "satorra.bentler.2001")
plain_difference <- lavTestLRT(fit_labelled, fit_equal)
out <- list(
  made_by = paste("lavaan", packageVersion("lavaan"), "with", R.version.string),
  modindices = list(cfa = mi(fit_cfa), structural = mi(fit_structural), two_groups = mi(fit_two), gls = mi(fit_gls),
                    constrained = mi(fit_constrained), uls = mi(fit_uls), dwls = mi(fit_dwls), wlsmv = mi(fit_wlsmv)),
  score = list(two_groups = score(fit_two), shared = score(fit_shared), constrained = score(fit_constrained)),
  wald = list(one = lavTestWald(fit_labelled, "a == b")[c("stat", "df")],
              two = lavTestWald(fit_labelled, "a == b\nc*a == 1")[c("stat", "df")],
              robust = lavTestWald(fit_mlr_free, "a == b")[c("stat", "df")]),
  lrt = list(plain = plain_difference[["Chisq diff"]][2], scaled = robust_difference[["Chisq diff"]][2]),
  residuals = list(
    standardized = unname(unclass(residuals(fit_cfa, type = "standardized")$cov)),
    standardized_mplus = unname(unclass(residuals(fit_cfa, type = "standardized.mplus")$cov)),
    normalized = unname(unclass(residuals(fit_cfa, type = "normalized")$cov)),
    cor = unname(unclass(residuals(fit_cfa, type = "cor.bollen")$cov)),
    bentler = unname(unclass(residuals(fit_cfa, type = "cor.bentler")$cov)),
    robust = unname(unclass(residuals(fit_mlm, type = "standardized")$cov)),
    fixed_x = unname(unclass(residuals(fit_path, type = "standardized")$cov))
  ),
  factor_scores = list(
    cfa = list(regression = scores(fit_cfa, "regression"), bartlett = scores(fit_cfa, "Bartlett")),
    two_groups = list(regression = scores(fit_two, "regression"), bartlett = scores(fit_two, "Bartlett")),
    structural = list(regression = scores(fit_structural, "regression"), bartlett = scores(fit_structural, "Bartlett"))
  )
)
write(toJSON(out, digits = 10, auto_unbox = TRUE, na = "null", pretty = TRUE), "judgement.json")
