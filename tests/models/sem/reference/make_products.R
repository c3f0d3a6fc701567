# Makes products.json beside this script: product indicators by semTools 0.5-6 (indProd), models by lavaan 0.6-14.
# Run from this folder: Rscript make_products.R
suppressMessages({library(lavaan); library(semTools)})
library(jsonlite)

data <- read.csv("../../../reference/data/holzinger_swineford_1939.csv")
measured <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\n"
structure <- "speed ~ visual + textual + XZ\n"
cases <- list(
  matched_double = list(match = TRUE, double = TRUE, residual = FALSE),
  matched_residual = list(match = TRUE, double = FALSE, residual = TRUE),
  all_double = list(match = FALSE, double = TRUE, residual = FALSE),
  all_residual = list(match = FALSE, double = FALSE, residual = TRUE))
x <- c("x1", "x2", "x3"); z <- c("x4", "x5", "x6")
out <- list()
for (name in names(cases)) {
  case <- cases[[name]]
  made <- indProd(data, var1 = x, var2 = z, match = case$match, meanC = case$double, residualC = case$residual,
                  doubleMC = case$double)
  new <- setdiff(colnames(made), colnames(data))
  text <- paste("XZ =~", paste(new, collapse = " + "))
  if (!case$match) for (i in seq_along(new)) {
    pair <- strsplit(new[i], ".", fixed = TRUE)[[1]]
    later <- new[seq_along(new) > i]
    shares <- later[vapply(strsplit(later, ".", fixed = TRUE), function(p) any(p %in% pair), NA)]
    if (length(shares)) text <- paste0(text, "\n", new[i], " ~~ ", paste(shares, collapse = " + "))
  }
  fit <- sem(paste0(measured, structure, text), made)
  estimates <- parameterEstimates(fit)
  paths <- estimates[estimates$op == "~", c("rhs", "est", "se")]
  out[[name]] <- list(names = gsub(".", "_by_", new, fixed = TRUE), sums = colSums(made[, new]^2), paths = as.list(paths),
                      chisq = fitMeasures(fit, "chisq")[[1]], df = fitMeasures(fit, "df")[[1]])
}
# simple slopes at -1, 0 and 1 latent standard deviations, and the standardised effect of the product
made <- indProd(data, var1 = x, var2 = z, match = TRUE, doubleMC = TRUE)
new <- setdiff(colnames(made), colnames(data))
labelled <- paste0(measured, "speed ~ b1*visual + b2*textual + b3*XZ\nXZ =~ ", paste(new, collapse = " + "),
  "\nvisual ~~ vx*visual\ntextual ~~ vz*textual\nspeed ~~ ve*speed\nvisual ~~ cxz*textual\nvisual ~~ cxp*XZ\n",
  "textual ~~ czp*XZ\nXZ ~~ vp*XZ\n",
  "low := b1 - b3*sqrt(vz)\nhigh := b1 + b3*sqrt(vz)\n",
  "vy := ve + b1^2*vx + b2^2*vz + b3^2*vp + 2*b1*b2*cxz + 2*b1*b3*cxp + 2*b2*b3*czp\n",
  "std := b3*sqrt(vx)*sqrt(vz)/sqrt(vy)\n")
estimates <- parameterEstimates(sem(labelled, made))
out$slopes <- as.list(estimates[estimates$lhs %in% c("low", "high", "std"), c("lhs", "est", "se")])
write(toJSON(out, digits = 10, auto_unbox = TRUE, pretty = TRUE), "products.json")
