# Makes invariance_ordinal.json beside this script: invariance of ordinal items by Wu & Estabrook (2016), by
# semTools 0.5-6 (measEq.syntax) and lavaan 0.6-14. Run from this folder: Rscript make_invariance_ordinal.R
options(warn = -1)
suppressMessages({library(lavaan); library(semTools)})
library(jsonlite)

model <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
data <- read.csv("../../../reference/data/holzinger_swineford_ordinal.csv")
items <- paste0("x", 1:9)
equal <- list(configural = "", thresholds = "thresholds", metric = c("thresholds", "loadings"),
              scalar = c("thresholds", "loadings", "intercepts"),
              strict = c("thresholds", "loadings", "intercepts", "residuals"))
fits <- lapply(equal, function(e) {
  text <- as.character(measEq.syntax(model, data, ordered = items, group = "school", group.equal = e, parameterization = "theta",
                                     ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016"))
  cfa(text, data, ordered = items, group = "school", parameterization = "theta", estimator = "WLSMV")
})
measures <- c("chisq", "df", "chisq.scaled", "srmr")
pair <- function(i) {  # lavaan cannot do every pair: NA there
  test <- tryCatch(as.data.frame(lavTestLRT(fits[[i]], fits[[i + 1]])), error = function(e) NULL)
  if (is.null(test)) c(NA, NA, NA) else unlist(test[2, c("Chisq diff", "Df diff", "Pr(>Chisq)")])
}
lrt <- sapply(1:4, pair)
e <- parameterEstimates(fits$scalar)
means <- e[e$op == "~1" & e$group == 2 & e$lhs %in% c("visual", "textual", "speed"), c("est", "se")]
write(toJSON(list(fit = lapply(fits, function(f) as.list(sapply(measures, function(m) fitMeasures(f, m)[[1]]))), diff = lrt[1, ], p = lrt[3, ], means = as.list(means)),
             digits = 10, auto_unbox = TRUE, pretty = TRUE), "invariance_ordinal.json")
