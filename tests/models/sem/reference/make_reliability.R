# Makes reliability.json: maximal reliability and reliability of ordinal items by semTools, delta-method standard errors
# of omega, composite reliability, AVE and maximal reliability by lavaan.
# Run from this folder: Rscript make_reliability.R
# Needs R with lavaan (0.6-14 was used), semTools (0.5-6) and jsonlite. The tests only read the JSON.
suppressMessages({library(lavaan); library(semTools); library(jsonlite)})
read <- function(name) read.csv(file.path("../../../reference/data", name))
hs <- read("holzinger_swineford_1939.csv")
ordinal <- read("holzinger_swineford_ordinal.csv")
ecsi <- read("ecsi_mobile.csv")
items <- paste0("x", 1:9)
three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
best <- function(fit) as.numeric(suppressWarnings(maximalRelia(fit)))

# maximalRelia() gives one number for all items together: of a model of one factor it is that factor's.
maximal <- list(
  visual = list(syntax = "visual =~ x1 + x2 + x3 + x9", data = "holzinger_swineford_1939.csv",
    value = best(cfa("visual =~ x1 + x2 + x3 + x9", hs))),
  quality = list(syntax = "Quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7\nPERQ1 ~~ PERQ2",
    data = "ecsi_mobile.csv",
    value = best(cfa("Quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7\nPERQ1 ~~ PERQ2", ecsi))))

# The same coefficients as defined parameters, so that lavaan's delta method gives their standard errors.
labelled <- paste(
  "visual =~ 1*x1 + b*x2 + c*x3", "x1 ~~ d*x1", "x2 ~~ e*x2", "x3 ~~ f*x3", "visual ~~ v*visual",
  "textual =~ x4 + x5 + x6", "speed =~ x7 + x8 + x9",
  "omega := (1 + b + c)^2 * v / ((1 + b + c)^2 * v + d + e + f)",
  "cr := (sqrt(v/(v+d)) + b*sqrt(v/(b^2*v+e)) + c*sqrt(v/(c^2*v+f)))^2 / ((sqrt(v/(v+d)) + b*sqrt(v/(b^2*v+e)) + c*sqrt(v/(c^2*v+f)))^2 + d/(v+d) + e/(b^2*v+e) + f/(c^2*v+f))",
  "ave := (1 + b^2 + c^2) * v / ((1 + b^2 + c^2) * v + d + e + f)",
  "ave_std := (v/(v+d) + b^2*v/(b^2*v+e) + c^2*v/(c^2*v+f)) / 3",
  "maximal := v*(1/d + b^2/e + c^2/f) / (1 + v*(1/d + b^2/e + c^2/f))", sep = "\n")
defined <- function(...) {
  p <- parameterEstimates(cfa(labelled, hs, ...)); p <- p[p$op == ":=", ]
  list(name = p$lhs, est = p$est, se = p$se)
}

one <- function(text, ...) {
  fit <- cfa(text, ordinal, ordered = items, estimator = "WLSMV", ...)
  table <- suppressMessages(suppressWarnings(reliability(fit)))
  rel <- function(...) as.list(suppressMessages(suppressWarnings(compRelSEM(fit, ...))))
  std <- lavInspect(fit, "std")
  list(syntax = text, rows = rownames(table), columns = colnames(table), values = unclass(unname(table)),
    implied = rel(obs.var = FALSE), observed = rel(obs.var = TRUE),
    latent_responses = rel(obs.var = FALSE, ord.scale = FALSE),
    structure = unname(unclass(std$lambda) %*% unclass(std$psi)),
    htmt = unname(unclass(htmt(text, ordinal[, items], ordered = items, htmt2 = FALSE))),
    htmt2 = unname(unclass(htmt(text, ordinal[, items], ordered = items, htmt2 = TRUE))))
}
result <- list(made_by = paste0("lavaan ", packageVersion("lavaan"), ", semTools ", packageVersion("semTools")),
  maximal = maximal, delta = defined(), delta_mlr = defined(estimator = "MLR"),
  delta_code = labelled,
  ordinal = list(delta = one(three), theta = one(three, parameterization = "theta")))
write(toJSON(result, digits = 12, auto_unbox = TRUE, na = "null", pretty = TRUE), "reliability.json")
