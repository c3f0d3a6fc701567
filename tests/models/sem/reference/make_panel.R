# Makes panel.csv and panel.json beside this script: panel, growth and bifactor models by lavaan 0.6-14.
# Run from this folder: Rscript make_panel.R
suppressMessages(library(lavaan))
library(jsonlite)

set.seed(20)
n <- 500
stable <- MASS::mvrnorm(n, c(0, 0), matrix(c(1, .5, .5, 1), 2))
s <- l <- matrix(rnorm(n * 4), n)
for (t in 2:4) {
  old <- cbind(s[, t - 1], l[, t - 1])
  s[, t] <- old %*% c(.4, .1) + .8 * rnorm(n)
  l[, t] <- old %*% c(.3, .3) + .8 * rnorm(n)
}
data <- data.frame(s = s + stable[, 1], l = l + stable[, 2])
names(data) <- c(paste0("s", 1:4), paste0("l", 1:4))
for (t in 1:3) for (j in 1:3) data[[paste0("q", j, "w", t)]] <- data[[paste0("s", t)]] * (0.7 + j / 10) + .6 * rnorm(n)
grow <- rnorm(n, 3) ; slope <- rnorm(n, .4, .3)
data$z <- .5 * slope + rnorm(n)
for (t in 0:4) data[[paste0("g", t)]] <- grow + slope * t - .03 * t^2 + .5 * rnorm(n)
common <- rnorm(n); parts <- matrix(rnorm(n * 2), n)
for (j in 1:8) data[[paste0("b", j)]] <- .7 * common + .4 * parts[, (j > 4) + 1] + .6 * rnorm(n)
data$y <- .5 * common + rnorm(n)
data <- round(data, 4)
write.csv(data, "panel.csv", row.names = FALSE)

lagged <- function(equal) {
  suffix <- if (equal) rep("", 4) else paste0("_", 1:4)
  unlist(lapply(2:4, function(t) c(
    sprintf("ws%d ~ ss%s*ws%d + ls%s*wl%d", t, suffix[t], t - 1, suffix[t], t - 1),
    sprintf("wl%d ~ sl%s*ws%d + ll%s*wl%d", t, suffix[t], t - 1, suffix[t], t - 1))))
}
observed <- function(text) gsub("w([sl])([1-4])", "\\1\\2", text)
covs <- sprintf("ws%d ~~ wl%d", 1:4, 1:4)
ri <- c("RIs =~ 1*s1 + 1*s2 + 1*s3 + 1*s4", "RIl =~ 1*l1 + 1*l2 + 1*l3 + 1*l4", sprintf("w%s =~ 1*%s", names(data)[1:8], names(data)[1:8]),
        sprintf("%s ~~ 0*%s", names(data)[1:8], names(data)[1:8]), "RIs ~~ RIl", "RIs ~~ 0*ws1 + 0*wl1", "RIl ~~ 0*ws1 + 0*wl1")
latent <- c(sprintf("S%d =~ q1w%d + l2*q2w%d + l3*q3w%d", 1:3, 1:3, 1:3, 1:3),
            sprintf("q%dw1 ~~ q%dw2 + q%dw3", 1:3, 1:3, 1:3), sprintf("q%dw2 ~~ q%dw3", 1:3, 1:3),
            "S2 ~ S1 + l1", "l2 ~ S1 + l1", "S3 ~ S2 + l2", "l3 ~ S2 + l2", "S1 ~~ l1", "S2 ~~ l2", "S3 ~~ l3")
models <- list(
  clpm = list(text = observed(c(lagged(FALSE), covs)), call = sem),
  clpm_equal = list(text = observed(c(lagged(TRUE), covs)), call = sem),
  riclpm = list(text = c(ri, lagged(FALSE), covs), call = sem),
  riclpm_equal = list(text = c(ri, lagged(TRUE), covs), call = sem),
  latent = list(text = latent, call = sem),
  growth_quadratic = list(text = c("i =~ 1*g0 + 1*g1 + 1*g2 + 1*g3 + 1*g4", "s =~ 0*g0 + 1*g1 + 2*g2 + 3*g3 + 4*g4",
                                   "q =~ 0*g0 + 1*g1 + 4*g2 + 9*g3 + 16*g4", "q ~~ 0*q + 0*i + 0*s", "i ~ z", "s ~ z"), call = growth),
  bifactor = list(text = c("g =~ b1 + b2 + b3 + b4 + b5 + b6 + b7 + b8", "f1 =~ b1 + b2 + b3 + b4", "f2 =~ b5 + b6 + b7 + b8",
                           "g ~~ 0*f1 + 0*f2", "f1 ~~ 0*f2", "y ~ g"), call = sem))
out <- lapply(models, function(m) {
  fit <- m$call(paste(m$text, collapse = "\n"), data)
  e <- parameterEstimates(fit)
  keep <- e$op %in% c("~", "~1") & e$se > 0
  list(text = paste(m$text, collapse = "\n"), chisq = fitMeasures(fit, "chisq")[[1]], df = fitMeasures(fit, "df")[[1]],
       cfi = fitMeasures(fit, "cfi")[[1]], lhs = I(e$lhs[keep]), op = I(e$op[keep]), rhs = I(e$rhs[keep]), est = I(e$est[keep]), se = I(e$se[keep]))
})
write(toJSON(out, digits = 10, auto_unbox = TRUE, pretty = TRUE), "panel.json")
