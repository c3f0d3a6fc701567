#!/usr/bin/env Rscript
# Score tests of loadings held equal across groups, in a model with an equation of its own: lavaan's lavTestScore().
#   Rscript make_equality_constrained.R   (R >= 4.2, lavaan 0.6-14, jsonlite), in this folder; the tests need no R.
suppressMessages({library(lavaan); library(jsonlite)})
data <- read.csv(file.path("..", "..", "..", "reference", "data", "holzinger_swineford_1939.csv"))
model <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
x1 ~~ c(a, a2)*x1
x2 ~~ c(b, b2)*x2
a == b"
fit <- cfa(model, data, group = "school", group.equal = "loadings")
found <- as.data.frame(lavTestScore(fit)$uni)[-1, ]  # the first is that of a == b
table <- parTable(fit)
rows <- match(found$lhs, table$plabel)
writeLines(toJSON(list(model = model, lhs = table$lhs[rows], rhs = table$rhs[rows], chisq = found$X2),
                  digits = 12, auto_unbox = TRUE), "equality_constrained.json")
