# Makes measurement.json: reliability and HTMT by semTools, with the matrices that they follow from.
# Run from this folder:  DATA=<folder with ecsi_mobile.csv and holzinger_swineford_1939.csv> Rscript make_measurement.R
# Needs R with lavaan (0.6-14 was used), semTools (0.5-6) and jsonlite. The tests only read the JSON.
suppressMessages({library(lavaan); library(semTools); library(jsonlite)})
folder <- Sys.getenv("DATA")
read <- function(name) read.csv(file.path(folder, name))
hs <- read("holzinger_swineford_1939.csv")
ecsi <- read("ecsi_mobile.csv")

models <- list(
  hs_cfa = list(hs, "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"),
  hs_cross_and_correlated = list(hs, paste("visual =~ x1 + x2 + x3 + x9\ntextual =~ x4 + x5 + x6",
    "speed =~ x7 + x8 + x9\nx7 ~~ x8", sep = "\n")),
  hs_second_order = list(hs, paste("visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6",
    "speed =~ x7 + x8 + x9\ng =~ visual + textual + speed", sep = "\n")),
  ecsi3 = list(ecsi, paste("Quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7",
    "Satisfaction =~ CUSA1 + CUSA2 + CUSA3\nLoyalty =~ CUSL1 + CUSL2 + CUSL3",
    "Satisfaction ~ Quality\nLoyalty ~ Satisfaction", sep = "\n")),
  ecsi4 = list(ecsi, paste("Quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7",
    "Value =~ PERV1 + PERV2\nSatisfaction =~ CUSA1 + CUSA2 + CUSA3\nLoyalty =~ CUSL1 + CUSL2 + CUSL3",
    "Value ~ Quality\nSatisfaction ~ Quality + Value\nLoyalty ~ Satisfaction", sep = "\n")),
  ecsi_single = list(ecsi, paste("Complaints =~ CUSCO\nSatisfaction =~ CUSA1 + CUSA2 + CUSA3",
    "Loyalty =~ CUSL1 + CUSL2 + CUSL3\nComplaints ~ Satisfaction\nLoyalty ~ Complaints + Satisfaction",
    sep = "\n"))
)

table_of <- function(m) list(rows = rownames(m), columns = colnames(m), values = unclass(m))
one <- function(spec) {
  data <- spec[[1]]; text <- spec[[2]]
  fit <- suppressWarnings(sem(text, data))
  est <- lavInspect(fit, "est")
  latent_cov <- unclass(lavInspect(fit, "cov.lv"))
  std <- lavInspect(fit, "std")
  lambda <- unclass(est$lambda); items <- rownames(lambda)
  first <- colnames(lambda)[colSums(lambda != 0) > 0]
  out <- list(
    syntax = text, nobs = nobs(fit), items = items, constructs = colnames(lambda),
    sample_cov = unname(unclass(lavInspect(fit, "sampstat")$cov)),
    implied_cov = unname(unclass(fitted(fit)$cov)),
    loadings = unname(lambda), std_loadings = unname(unclass(std$lambda)),
    residual_cov = unname(unclass(est$theta)), latent_cov = unname(latent_cov),
    reliability = table_of(as.matrix(suppressMessages(suppressWarnings(reliability(fit))))))
  if ("g" %in% colnames(lambda)) out$reliability_second_order <- as.list(reliabilityL2(fit, "g"))
  measurement <- paste(grep("=~", strsplit(text, "\n")[[1]], value = TRUE), collapse = "\n")
  measurement <- sub("\ng =~.*", "", measurement)
  for (kind in c("htmt", "htmt2", "htmt_signed")) {
    value <- try(htmt(measurement, data[, items], htmt2 = kind == "htmt2", absolute = kind != "htmt_signed"), silent = TRUE)
    if (!inherits(value, "try-error")) out[[kind]] <- table_of(as.matrix(value))
  }
  out
}
result <- list(made_by = paste0("lavaan ", packageVersion("lavaan"), ", semTools ", packageVersion("semTools")),
               models = lapply(models, one))
write(toJSON(result, digits = 12, auto_unbox = TRUE, na = "null"), "measurement.json")
