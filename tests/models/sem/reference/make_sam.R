# Makes sam.json beside this script: local structural-after-measurement estimates by lavaan 0.6-14 (sam()).
# Run from this folder: Rscript make_sam.R
suppressMessages(library(lavaan))
library(jsonlite)

folder <- "../../../reference/data/"
school <- read.csv(paste0(folder, "holzinger_swineford_1939.csv"))
democracy <- read.csv(paste0(folder, "political_democracy.csv"))
cases <- list(
  three = list(data = school, text = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\ntextual ~ visual\nspeed ~ visual + textual"),
  observed = list(data = school, text = "visual =~ x1 + x2 + x3\nspeed =~ x7 + x8 + x9\nspeed ~ visual\nageyr ~ speed + visual"),
  covariate = list(data = school, text = "visual =~ x1 + x2 + x3\nspeed =~ x7 + x8 + x9\nvisual ~ ageyr\nspeed ~ visual + ageyr"),
  democracy = list(data = democracy, text = "ind60 =~ x1 + x2 + x3\ndem60 =~ y1 + y2 + y3 + y4\ndem65 =~ y5 + y6 + y7 + y8\ndem60 ~ ind60\ndem65 ~ ind60 + dem60\ny2 ~~ y4\ny6 ~~ y8"),
  joined = list(data = democracy, mm = list(ind60 = "ind60", dem = c("dem60", "dem65")),
    text = "ind60 =~ x1 + x2 + x3\ndem60 =~ y1 + y2 + y3 + y4\ndem65 =~ y5 + y6 + y7 + y8\ndem60 ~ ind60\ndem65 ~ ind60 + dem60\ny1 ~~ y5\ny2 ~~ y4 + y6\ny3 ~~ y7\ny4 ~~ y8\ny6 ~~ y8"))
out <- lapply(cases, function(case) {
  fit <- sam(case$text, case$data, mm.list = case$mm)
  e <- parameterEstimates(fit)
  e <- e[e$op %in% c("=~", "~", "~~") & e$se > 0, ]
  list(text = case$text, lhs = e$lhs, op = e$op, rhs = e$rhs, est = e$est, se = e$se)
})
write(toJSON(out, digits = 10, auto_unbox = TRUE, pretty = TRUE), "sam.json")
