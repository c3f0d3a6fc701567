# Makes effects.json: effects as lavaan's defined parameters, with delta-method errors.
# Run from this folder:  DATA=<folder with ecsi_mobile.csv and ecsi_mobile_composites.csv> Rscript make_effects.R
# Needs R with lavaan (0.6-14 was used) and jsonlite. The tests only read the JSON.
suppressMessages({library(lavaan); library(jsonlite)})
folder <- Sys.getenv("DATA")
read <- function(name) read.csv(file.path(folder, name))
ecsi <- read("ecsi_mobile.csv")
composites <- read("ecsi_mobile_composites.csv")
hs <- read("holzinger_swineford_1939.csv")

# effect: c(source, target, kind, path); formula: the same in the model's labels
effect <- function(source, target, kind, path, formula)
  list(source = source, target = target, kind = kind, path = path, formula = formula)
arrow <- "\u2192"
p <- function(...) paste(c(...), collapse = paste0(" ", arrow, " "))

models <- list(
  ecsi4 = list(data = ecsi, text = c(
    "Quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7", "Value =~ PERV1 + PERV2",
    "Satisfaction =~ CUSA1 + CUSA2 + CUSA3", "Loyalty =~ CUSL1 + CUSL2 + CUSL3",
    "Value ~ v*Quality", "Satisfaction ~ q*Quality + w*Value", "Loyalty ~ s*Satisfaction"),
    effects = list(
      effect("Quality", "Value", "direct", p("Quality", "Value"), "v"),
      effect("Quality", "Value", "total", p("Quality", "Value"), "v"),
      effect("Quality", "Satisfaction", "direct", p("Quality", "Satisfaction"), "q"),
      effect("Quality", "Satisfaction", "indirect", p("Quality", "Value", "Satisfaction"), "v*w"),
      effect("Quality", "Satisfaction", "total_indirect", p("Quality", "Satisfaction"), "v*w"),
      effect("Quality", "Satisfaction", "total", p("Quality", "Satisfaction"), "q + v*w"),
      effect("Quality", "Loyalty", "indirect", p("Quality", "Satisfaction", "Loyalty"), "q*s"),
      effect("Quality", "Loyalty", "indirect", p("Quality", "Value", "Satisfaction", "Loyalty"), "v*w*s"),
      effect("Quality", "Loyalty", "total_indirect", p("Quality", "Loyalty"), "(q + v*w)*s"),
      effect("Quality", "Loyalty", "total", p("Quality", "Loyalty"), "(q + v*w)*s"),
      effect("Value", "Loyalty", "indirect", p("Value", "Satisfaction", "Loyalty"), "w*s"),
      effect("Value", "Loyalty", "total", p("Value", "Loyalty"), "w*s"))),
  feedback = list(data = composites, text = c(
    "SAT ~ a*QUA + b*LOY", "LOY ~ c*SAT + d*IMG",
    "SAT ~~ LOY"),
    effects = list(
      effect("QUA", "SAT", "direct", p("QUA", "SAT"), "a"),
      effect("QUA", "SAT", "loops", "through the loop of SAT \u21c4 LOY", "a/(1-b*c) - a"),
      effect("QUA", "SAT", "total_indirect", p("QUA", "SAT"), "a/(1-b*c) - a"),
      effect("QUA", "SAT", "total", p("QUA", "SAT"), "a/(1-b*c)"),
      effect("QUA", "LOY", "indirect", p("QUA", "SAT", "LOY"), "a*c"),
      effect("QUA", "LOY", "loops", "through the loop of SAT \u21c4 LOY", "a*c/(1-b*c) - a*c"),
      effect("QUA", "LOY", "total", p("QUA", "LOY"), "a*c/(1-b*c)"),
      effect("IMG", "SAT", "total", p("IMG", "SAT"), "d*b/(1-b*c)"),
      effect("SAT", "LOY", "direct", p("SAT", "LOY"), "c"),
      effect("SAT", "LOY", "total", p("SAT", "LOY"), "c/(1-b*c)"))),
  second_order = list(data = hs, text = c(
    "visual =~ x1 + x2 + x3", "textual =~ x4 + x5 + x6", "speed =~ x7 + x8 + x9",
    "g =~ visual + l2*textual + l3*speed", "g ~ b*ageyr"),
    effects = list(
      effect("ageyr", "g", "direct", p("ageyr", "g"), "b"),
      effect("ageyr", "textual", "indirect", p("ageyr", "g", "textual"), "b*l2"),
      effect("ageyr", "speed", "total", p("ageyr", "speed"), "b*l3")))
)

one <- function(spec) {
  text <- paste(spec$text, collapse = "\n")
  defined <- paste(sprintf("e%d := %s", seq_along(spec$effects), sapply(spec$effects, `[[`, "formula")), collapse = "\n")
  fit <- sem(paste(text, defined, sep = "\n"), spec$data)
  est <- parameterEstimates(fit); est <- est[est$op == ":=", ]
  std <- standardizedSolution(fit, se = FALSE); std <- std[std$op == ":=", ]
  sample <- lavInspect(fit, "sampstat")$cov
  n <- nobs(fit)
  list(syntax = text, nobs = n, names = colnames(sample),
       cov_unbiased = unname(unclass(sample)) * n / (n - 1),
       effects = Map(function(e, est, se, std, lower, upper) c(e, list(est = est, se = se, std_all = std, ci_lower = lower, ci_upper = upper)),
                     spec$effects, est$est, est$se, std$est.std, est$ci.lower, est$ci.upper))
}
write(toJSON(list(made_by = paste("lavaan", packageVersion("lavaan")), models = lapply(models, one)),
             digits = 12, auto_unbox = TRUE), "effects.json")
