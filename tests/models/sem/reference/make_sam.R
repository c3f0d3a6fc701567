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

# incomplete rows and groups: sam_more.json
incomplete <- read.csv(paste0(folder, "holzinger_swineford_incomplete.csv"))
text <- cases$three$text
single <- "visual =~ x1 + x2 + x3\nspeed =~ x7 + x8 + x9\nAGE =~ ageyr\nvisual ~ AGE\nspeed ~ visual + AGE"
more <- list(
  fiml = list(data = "holzinger_swineford_incomplete", text = text, args = list(missing = "fiml")),
  fiml_single_item = list(data = "holzinger_swineford_incomplete", text = single, args = list(missing = "fiml")),
  fiml_joined = list(data = "holzinger_swineford_incomplete", text = paste0(text, "\nx3 ~~ x5"), args = list(missing = "fiml"),
    mm = list(a = c("visual", "textual"), speed = "speed")),
  groups = list(data = "holzinger_swineford_1939", text = text, args = list(group = "school")),
  groups_equal = list(data = "holzinger_swineford_1939", text = text,
    args = list(group = "school", group.equal = "loadings")),
  groups_fiml = list(data = "holzinger_swineford_incomplete", text = text,
    args = list(group = "school", group.equal = "loadings", missing = "fiml")))
out <- lapply(more, function(case) {
  data <- read.csv(paste0(folder, case$data, ".csv"))
  fit <- suppressWarnings(do.call(sam, c(list(case$text, data, mm.list = case$mm), case$args)))
  e <- as.data.frame(parameterEstimates(fit))
  e <- e[e$op %in% c("~", "~~") & e$se > 0 & !(e$op == "~~" & e$lhs %in% names(data)), ]
  group <- if (is.null(e$group)) rep(1, nrow(e)) else e$group
  list(text = case$text, data = case$data, args = case$args, lhs = e$lhs, op = e$op, rhs = e$rhs, group = group,
       est = e$est, se = e$se)
})
write(toJSON(out, digits = 10, auto_unbox = TRUE, pretty = TRUE), "sam_more.json")

# sampling weights: sam_weighted.json (estimates; its errors take weighted rows as if they were all alike)
weighted <- read.csv(paste0(folder, "holzinger_swineford_weighted.csv"))
e <- as.data.frame(parameterEstimates(sam(text, weighted, sampling.weights = "weight")))
e <- e[e$op %in% c("~", "~~") & e$se > 0 & !(e$op == "~~" & e$lhs %in% names(weighted)), ]
write(toJSON(list(text = text, lhs = e$lhs, op = e$op, rhs = e$rhs, est = e$est), digits = 10, auto_unbox = TRUE,
             pretty = TRUE), "sam_weighted.json")
