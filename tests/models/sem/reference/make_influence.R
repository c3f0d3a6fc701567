#!/usr/bin/env Rscript
# Prints the figures of lavaan that test_influence_incomplete.py compares: refits without one row, and distances.
#
#   Rscript make_influence.R
#
# Needs: R >= 4.2, lavaan (0.6-14 made the figures). Written from its documentation.

suppressMessages(library(lavaan))
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
pupils <- read.csv(file.path(here, "..", "..", "..", "reference", "data", "holzinger_swineford_incomplete.csv"))
three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
fit <- suppressWarnings(cfa(three, pupils, missing = "fiml"))
used <- which(rowSums(!is.na(pupils[paste0("x", 1:9)])) > 0)
full <- lavInspect(fit, "sampstat")
answers <- as.matrix(pupils[used, paste0("x", 1:9)])
far <- apply(answers, 1, function(r) {
  there <- !is.na(r)
  mahalanobis(r[there], full$mean[there], full$cov[there, there])
})
for (i in c(1, 6, 9, 120, 250)) {
  without <- suppressWarnings(cfa(three, pupils[-i, ], missing = "fiml"))
  change <- coef(fit) - coef(without)
  print(c(row = i - 1, gcd = drop(change %*% solve(vcov(without)) %*% change),
          chisq_change = unname(fitMeasures(fit, "chisq") - fitMeasures(without, "chisq")),
          mahalanobis = far[[match(i, used)]], first = unname(change[1] / sqrt(diag(vcov(fit)))[1])), digits = 8)
}
