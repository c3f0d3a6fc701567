#!/usr/bin/env Rscript
# Prints the figures of lavaan and semTools that test_fiml.py compares: auxiliary variables, score tests and
# factor scores with missing values. Run from anywhere; the data are those of tests/reference/data.
#
#   Rscript make_fiml.R
#
# Needs: R >= 4.2, lavaan (0.6-14 made the figures), semTools 0.5-6. Written from their documentation.

suppressMessages({
  library(lavaan)
  library(semTools)
})

here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
read_data <- function(name) read.csv(file.path(here, "..", "..", "..", "reference", "data", name))
pupils <- read_data("holzinger_swineford_incomplete.csv")
missing <- read_data("holzinger_swineford_missing.csv")
measures <- c("npar", "df", "chisq", "baseline.chisq", "baseline.df", "cfi", "tli", "rmsea", "srmr", "logl",
              "unrestricted.logl", "rmsea.robust")

structural <- "visual =~ x1 + x2 + x3\nspeed =~ x7 + x8 + x9\nspeed ~ b*visual"
three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"

cat("auxiliary variables\n")
fit <- suppressWarnings(sem.auxiliary(structural, pupils, aux = c("x4", "x5")))
print(fitMeasures(fit, measures))
print(subset(parameterEstimates(fit), lhs == "speed" & op == "~"))
# robust noncentralities, df n RMSEA^2, of the model and of the baseline model with the same auxiliary variables
full <- paste0(structural, "\nx4 ~~ x1 + x2 + x3 + x7 + x8 + x9 + x5\nx5 ~~ x1 + x2 + x3 + x7 + x8 + x9")
items <- c(paste0("x", c(1:3, 7:9)), "x4", "x5")
base <- paste(c(paste(items, "~~", items), paste("x4 ~~ x5 +", paste(items[1:6], collapse = " + ")),
                paste("x5 ~~", paste(items[1:6], collapse = " + "))), collapse = "\n")
model <- suppressWarnings(sem(full, pupils, missing = "fiml"))
baseline <- suppressWarnings(lavaan(base, pupils, missing = "fiml", meanstructure = TRUE, int.ov.free = TRUE))
beyond <- sapply(list(model, baseline), function(f) {
  m <- fitMeasures(f, c("rmsea.robust", "df"))
  m[["rmsea.robust"]]^2 * m[["df"]] * nobs(f)
})
print(c(beyond, cfi = 1 - beyond[1] / beyond[2]), digits = 8)
fit <- suppressWarnings(sem.auxiliary(structural, pupils, aux = c("x4", "x5"), estimator = "MLR"))
print(fitMeasures(fit, c("chisq.scaled", "baseline.chisq.scaled")))
fit <- suppressWarnings(sem.auxiliary(paste0(structural, "\nvisual ~ sex + ageyr"), pupils, aux = c("x4", "x5"),
                                      fixed.x = FALSE))
print(fitMeasures(fit, measures))

cat("modification indices and score tests\n")
fit <- cfa(three, missing, missing = "fiml")
print(head(modindices(fit, sort. = TRUE), 8)[1:5])
print(lavTestScore(cfa(three, missing, missing = "fiml", group = "school", group.equal = "loadings")))

cat("factor scores\n")
fit <- suppressWarnings(cfa(three, pupils, missing = "fiml"))
scores <- lavPredict(fit, se = "standard")
print(scores[c(1, 6, 9), ], digits = 8)
print(attr(scores, "se")[[1]][1, ], digits = 8)
