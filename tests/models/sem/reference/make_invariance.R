# Makes invariance.json beside this script: difference tests, score tests and latent means by lavaan 0.6-14.
# Run from this folder: Rscript make_invariance.R
suppressMessages(library(lavaan))
library(jsonlite)

model <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
data <- read.csv("../../../reference/data/holzinger_swineford_1939.csv")
data$third <- (seq_len(nrow(data)) - 1) %% 3
equal <- list("", "loadings", c("loadings", "intercepts"), c("loadings", "intercepts", "residuals"))
fits <- lapply(equal, function(e) cfa(model, data, group = "school", group.equal = e))
lrt <- as.data.frame(do.call(lavTestLRT, fits))[, c("Chisq diff", "Df diff", "Pr(>Chisq)")]

name_of <- function(fit, plabels) {
  table <- parTable(fit)
  at <- match(plabels, table$plabel)
  paste0(table$lhs[at], table$op[at], table$rhs[at])
}
uni <- lavTestScore(fits[[3]])$uni
scores <- as.list(setNames(uni$X2, name_of(fits[[3]], uni$lhs)))

three <- cfa(model, data, group = "third", group.equal = c("loadings", "intercepts"))
uni3 <- lavTestScore(three)$uni
table3 <- parTable(three)
groups3 <- lavInspect(three, "group.label")
scores3 <- list(name = name_of(three, uni3$lhs), group = groups3[table3$group[match(uni3$rhs, table3$plabel)]],
                score = uni3$X2)

partial <- cfa(model, data, group = "school", group.equal = c("loadings", "intercepts"),
               group.partial = c("x3~1", "x7~1"))
estimates <- parameterEstimates(partial)
means <- estimates[estimates$op == "~1" & estimates$group == 2 & estimates$lhs %in% c("visual", "textual", "speed"),
                   c("est", "se")]
labelled <- paste(model, "visual ~~ c(v1, v2)*visual\ntextual ~~ c(t1, t2)*textual\nspeed ~~ c(s1, s2)*speed",
                  "visual ~ c(0, NA)*1 + c('mv0', 'mv')*1\ntextual ~ c(0, NA)*1 + c('mt0', 'mt')*1\nspeed ~ c(0, NA)*1 + c('ms0', 'ms')*1",
                  "dv := mv / sqrt((156*v1 + 145*v2) / 301)", "dt := mt / sqrt((156*t1 + 145*t2) / 301)",
                  "ds := ms / sqrt((156*s1 + 145*s2) / 301)", sep = "\n")
sized <- cfa(labelled, data, group = "school", group.equal = c("loadings", "intercepts"),
             group.partial = c("x3~1", "x7~1"))
defined <- parameterEstimates(sized)
d <- defined[defined$op == ":=", c("est", "se")]

missing <- read.csv("../../../reference/data/holzinger_swineford_missing.csv")
missing$school <- data$school[match(missing$id, data$id)]
settings <- list(MLR = list(estimator = "MLR"), MLM = list(estimator = "MLM"), MLMV = list(estimator = "MLMV"),
                 ULSMV = list(estimator = "ULSMV"), FIML = list(missing = "fiml"),
                 FIML_MLR = list(missing = "fiml", estimator = "MLR"))
ladder <- function(name) {
  f <- lapply(equal, function(e) do.call("cfa", c(list(model, if (grepl("FIML", name)) missing else data, group = "school",
                                                    group.equal = e), settings[[name]])))
  test <- as.data.frame(lavTestLRT(f[[1]], f[[2]], f[[3]], f[[4]]))
  out <- list(diff = test[["Chisq diff"]][-1], p = test[["Pr(>Chisq)"]][-1])
  if (name == "FIML") { u <- lavTestScore(f[[3]])$uni; out$scores <- as.list(setNames(u$X2, name_of(f[[3]], u$lhs))) }
  out
}
other <- sapply(names(settings), ladder, simplify = FALSE)
write(toJSON(list(lrt = as.list(lrt), scores = scores, scores3 = scores3, means = as.list(means), d = as.list(d),
                  other = other), digits = 10, auto_unbox = TRUE, pretty = TRUE, na = "null"), "invariance.json")
