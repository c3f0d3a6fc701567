#!/usr/bin/env Rscript
# Automatic bounds of lavaan 0.6-14, read from its parameter table: writes bounds.json beside this file.
# Needs lavaan and jsonlite. Run from anywhere: Rscript make_bounds.R
suppressMessages({library(lavaan); library(jsonlite)})
file <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
here <- dirname(normalizePath(file))
data <- read.csv(file.path(here, "../../../reference/data/holzinger_swineford_1939.csv"))

two <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
models <- list(
  list(name = "structural", model = paste0(two, "\nspeed =~ x7 + x8 + x9\nspeed ~ visual + sex\nx1 ~~ x4\nageyr ~ speed")),
  list(name = "std_lv", model = two, std.lv = TRUE),
  list(name = "second_order", model = paste0(two, "\nspeed =~ x7 + x8 + x9\ng =~ visual + textual + speed")),
  list(name = "cross_loadings", model = "visual =~ x1 + x2 + x3 + x4\ntextual =~ x4 + x5 + x6 + x3"),
  list(name = "other_unit", model = "visual =~ x1 + x2 + x3\ntextual =~ NA*x4 + 2*x5 + x6"),
  list(name = "groups", model = two, group = "school")
)

cases <- list()
for (m in models) for (kind in c("standard", "wide", "pos.var", "pos.ov.var", "pos.lv.var")) {
  args <- c(m[names(m) != "name"], list(data = data, bounds = kind))
  table <- parTable(do.call("sem", args))
  table <- table[table$free > 0 & table$op %in% c("=~", "~", "~~"), c("lhs", "op", "rhs", "group", "lower", "upper")]
  table$lower <- ifelse(is.finite(table$lower), table$lower, NA)
  table$upper <- ifelse(is.finite(table$upper), table$upper, NA)
  args <- m[!names(m) %in% c("name", "model")]
  cases[[length(cases) + 1]] <- list(name = m$name, model = m$model, args = if (length(args)) args else setNames(list(), character()),
                                     bounds = kind, rows = table)
}
writeLines(toJSON(cases, auto_unbox = TRUE, digits = NA, na = "null", pretty = 1), file.path(here, "bounds.json"))
