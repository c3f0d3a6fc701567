# Makes method_variance.json beside this script: paths with a method factor, by lavaan 0.6-14.
# Run from this folder: Rscript make_method_variance.R
suppressMessages(library(lavaan))
library(jsonlite)

data <- read.csv("../../../reference/data/holzinger_swineford_1939.csv")
items <- paste0("x", 1:9)
model <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\ntextual ~ visual\nspeed ~ visual + textual"
sds <- sapply(data[items], function(v) sqrt(mean((v - mean(v))^2)))
method <- paste0("METHOD =~ ", paste0(sprintf("%.12f", sds), "*", items, collapse = " + "), "\nMETHOD ~~ 0*visual")
read <- function(fit) {
  e <- standardizedSolution(fit)
  p <- parameterEstimates(fit)
  list(est = p$est[p$op == "~"], se = p$se[p$op == "~"], std = e$est.std[e$op == "~"],
       chisq = fitMeasures(fit, "chisq")[[1]])
}
given <- sem(paste(model, method, "METHOD ~~ 0.1*METHOD", sep = "\n"), data)
single <- cfa(paste("F =~", paste(items, collapse = " + ")), data)
scores <- cbind(rowMeans(data[items[1:3]]), rowMeans(data[items[4:6]]), rowMeans(data[items[7:9]]))
out <- list(given = read(given), single = as.list(fitMeasures(single, c("chisq", "cfi"))),
            component = eigen(cor(data[items]))$values[1] / 9, vif = diag(solve(cor(scores))),
            marker = cor(scores, data$ageyr)[, 1], r = cor(scores)[lower.tri(diag(3))])
write(toJSON(out, digits = 10, auto_unbox = TRUE, pretty = TRUE), "method_variance.json")
