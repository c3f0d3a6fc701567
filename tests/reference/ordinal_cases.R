# Cases with ordinal items; read by make_reference.R.

ordinal_data <- "holzinger_swineford_ordinal.csv"
mixed_data <- "holzinger_swineford_mixed.csv"
nine <- paste0("x", 1:9)

# the tests as they are (c1 ... c9), cut into four categories (x1 ... x9) and at the median (b1 ... b9)
ordinal_samples <- function() {
  data <- read.csv(file.path(here, "data", ordinal_data))
  whole <- read.csv(file.path(here, "data", hs))
  stopifnot(all(data$id == whole$id))
  for (i in 1:9) {
    data[[paste0("c", i)]] <- round(whole[[paste0("x", i)]], 6)
    data[[paste0("b", i)]] <- as.integer(data[[paste0("x", i)]] > 2)
  }
  data$w <- round(0.5 + (data$ageyr - 11) / 4, 4)
  data$age <- data$ageyr - 13
  write.csv(data, file.path(here, "data", mixed_data), row.names = FALSE)
}

mimic <- "
    visual =~ x1 + x2 + x3
    textual =~ x4 + x5 + x6
    textual ~ b*visual + c*ageyr
    visual ~ a*ageyr
    through := a*b"

ordinal_cases <- function() list(
  case("x_ordinal_theta", ordinal_data, three_factors, "cfa", ordered = nine, parameterization = "theta"),
  case("x_ordinal_theta_residuals", ordinal_data, paste0(three_factors, "\nx1 ~~ x7\nx2 ~~ x4"), "cfa",
       ordered = nine, parameterization = "theta", also = "vcov"),
  case("x_ordinal_residuals", ordinal_data, paste0(three_factors, "\nx1 ~~ x7\nx2 ~~ x4"), "cfa",
       ordered = nine, also = c("vcov", "residuals")),
  case("x_ordinal_std_lv", ordinal_data, three_factors, "cfa", ordered = nine, std.lv = TRUE, estimator = "WLSM"),
  case("x_ordinal_ulsm", ordinal_data, three_factors, "cfa", ordered = nine, estimator = "ULSM"),
  case("x_ordinal_dwls", ordinal_data, three_factors, "cfa", ordered = nine, estimator = "DWLS"),
  case("x_ordinal_wlsmvs", ordinal_data, three_factors, "cfa", ordered = nine, estimator = "WLSMVS"),
  case("x_ordinal_wls", ordinal_data, "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6", "cfa",
       ordered = paste0("x", 1:6), estimator = "WLS", also = "vcov"),
  case("x_ordinal_wls_theta", ordinal_data, "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6", "cfa",
       ordered = paste0("x", 1:6), estimator = "WLS", parameterization = "theta"),
  case("x_ordinal_binary", mixed_data, gsub("x", "b", gsub("textual", "verbal", three_factors)), "cfa",
       ordered = paste0("b", 1:9)),
  case("x_ordinal_binary_theta", mixed_data, gsub("x", "b", gsub("textual", "verbal", three_factors)), "cfa",
       ordered = paste0("b", 1:9), parameterization = "theta"),
  case("x_ordinal_mixed", mixed_data, "
    visual =~ c1 + c2 + c3
    textual =~ x4 + x5 + x6
    speed =~ b7 + x8 + c9
    speed ~ a*visual + b*textual", ordered = c("x4", "x5", "x6", "b7", "x8"), also = "residuals",
    note = "continuous, binary and four-category items in one model"),
  case("x_ordinal_mixed_theta", mixed_data, "
    visual =~ c1 + x2 + c3
    textual =~ x4 + x5 + c6
    c1 ~~ x4
    textual ~ visual", ordered = c("x2", "x4", "x5"), parameterization = "theta", also = "vcov"),
  case("x_ordinal_mixed_wls", mixed_data, "
    visual =~ c1 + c2 + x3
    textual =~ x4 + x5 + c6", "cfa", ordered = c("x3", "x4", "x5"), estimator = "WLS"),
  case("x_ordinal_covariate", ordinal_data, mimic, ordered = paste0("x", 1:6), fixed.x = FALSE,
       conditional.x = FALSE,
       note = "a random covariate beside ordinal items"),
  case("x_ordinal_sem", ordinal_data, "
    visual =~ x1 + x2 + x3
    textual =~ x4 + x5 + x6
    speed =~ x7 + x8 + x9
    textual ~ a*visual
    speed ~ b*textual + c*visual
    indirect := a*b
    total := c + a*b", ordered = nine),
  case("x_ordinal_second_order", ordinal_data, paste0(three_factors, "\ng =~ visual + textual + speed"), "cfa",
       ordered = nine),
  case("x_ordinal_labels", ordinal_data, "
    visual =~ x1 + x2 + x3
    textual =~ x4 + l*x5 + l*x6
    x1 | a*t1 + t2 + t3
    x2 | a*t1", "cfa", ordered = paste0("x", 1:6), note = "shared thresholds and loadings"),
  case("x_ordinal_mediator", mixed_data, "
    x4 ~ a*x1 + ageyr
    x7 ~ b*x4 + ageyr
    x1 ~ ageyr
    ab := a*b", ordered = c("x1", "x4", "x7"), parameterization = "theta", fixed.x = FALSE,
    conditional.x = FALSE,
    note = "ordinal variables that explain others"),
  case("x_ordinal_groups", ordinal_data, three_factors, "cfa", ordered = nine, group = "school"),
  case("x_ordinal_groups_theta", ordinal_data, three_factors, "cfa", ordered = nine, group = "school",
       parameterization = "theta"),
  case("x_ordinal_groups_ulsmv", ordinal_data, three_factors, "cfa", ordered = nine, group = "school",
       estimator = "ULSMV", group.equal = "loadings"),
  case("x_ordinal_groups_thresholds", ordinal_data, three_factors, "cfa", ordered = nine, group = "school",
       group.equal = "thresholds"),
  case("x_ordinal_groups_scalar", ordinal_data, three_factors, "cfa", ordered = nine, group = "school",
       group.equal = c("loadings", "thresholds")),
  case("x_ordinal_groups_scalar_theta", ordinal_data, three_factors, "cfa", ordered = nine, group = "school",
       group.equal = c("loadings", "thresholds"), parameterization = "theta"),
  case("x_ordinal_groups_scalar_partial", ordinal_data, three_factors, "cfa", ordered = nine, group = "school",
       group.equal = c("loadings", "thresholds"), group.partial = c("visual=~x2", "x2|t1")),
  case("x_ordinal_groups_mixed", mixed_data, "
    visual =~ c1 + x2 + x3
    textual =~ x4 + x5 + c6
    textual ~ visual", ordered = c("x2", "x3", "x4", "x5"), group = "school",
    group.equal = c("loadings", "thresholds", "intercepts")),
  case("x_ordinal_weights", mixed_data, three_factors, "cfa", ordered = nine, sampling.weights = "w"),
  case("x_ordinal_weights_groups", mixed_data, three_factors, "cfa", ordered = nine, sampling.weights = "w",
       group = "school", group.equal = "loadings"),
  case("x_ordinal_ecsi", ecsi, "
    Image =~ IMAG1 + IMAG2 + IMAG3 + IMAG4 + IMAG5
    Quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
    Value =~ PERV1 + PERV2
    Satisfaction =~ CUSA1 + CUSA2 + CUSA3
    Loyalty =~ CUSL1 + CUSL2 + CUSL3", "cfa",
    ordered = c(paste0("IMAG", 1:5), paste0("PERQ", 1:7), "PERV1", "PERV2", paste0("CUSA", 1:3),
                paste0("CUSL", 1:3)), note = "twenty ten-point items")
)
