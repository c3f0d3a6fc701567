# Ordinal items with covariates that are taken as given (conditional.x, lavaan's default); read by make_reference.R.

# age is counted from 13: with covariates far from zero lavaan 0.6-14 gets lost in polyserial correlations (c1 with x5
# of the mixed model below: 1.152 where 0.347 is the maximum)
six <- paste0("x", 1:6)

mimic_given <- "
    visual =~ x1 + x2 + x3
    textual =~ x4 + x5 + x6
    textual ~ b*visual + c*age
    visual ~ a*age + sex
    through := a*b"

mimic_plain <- "
    visual =~ x1 + x2 + x3
    textual =~ x4 + x5 + x6
    textual ~ visual + age
    visual ~ age + sex"

conditional_cases <- function() list(
  case("x_given_mimic", mixed_data, mimic_given, ordered = six, also = c("vcov", "modification_indices")),
  case("x_given_mimic_theta", mixed_data, paste0(mimic_given, "\nx1 ~~ x4"), ordered = six,
       parameterization = "theta", std.lv = TRUE, also = "vcov"),
  case("x_given_direct", mixed_data, paste0(mimic_given, "\nx2 ~ sex\nx5 ~ age"), ordered = six,
       note = "items that a covariate moves beside their factor"),
  case("x_given_two_factors", mixed_data, "
    visual =~ x1 + x2 + x3
    textual =~ x4 + x5 + x6
    speed =~ x7 + x8 + x9
    speed ~ visual + textual
    visual ~ age
    textual ~ age
    visual ~~ textual", ordered = nine),
  case("x_given_path", mixed_data, "
    x4 ~ age + sex
    x7 ~ age + sex
    x1 ~ age", ordered = c("x1", "x4", "x7"), note = "ordinal outcomes of covariates, no latent variable"),
  case("x_given_mediator", mixed_data, "
    c7 ~ a*c1 + age
    x4 ~ b*c7 + c*c1
    through := a*b", ordered = "x4", note = "a continuous mediator before an ordinal outcome"),
  case("x_given_mediator_theta", mixed_data, "
    x4 ~ a*c1 + age
    x7 ~ b*x4 + age
    through := a*b", ordered = c("x4", "x7"), parameterization = "theta", note = "an ordinal mediator"),
  case("x_given_mixed", mixed_data, "
    visual =~ c1 + x2 + c3
    textual =~ x4 + x5 + c6
    textual ~ visual + age
    visual ~ age + sex", ordered = c("x2", "x4", "x5"), also = "vcov"),
  case("x_given_mixed_theta", mixed_data, "
    visual =~ c1 + x2 + c3
    textual =~ x4 + x5 + c6
    c1 ~~ x4
    textual ~ visual
    visual ~ age + sex", ordered = c("x2", "x4", "x5"), parameterization = "theta"),
  case("x_given_binary", mixed_data, "
    visual =~ b1 + b2 + b3
    verbal =~ b4 + b5 + b6
    verbal ~ visual + age
    visual ~ age + sex", ordered = paste0("b", 1:6)),
  case("x_given_ulsmv", mixed_data, mimic_given, ordered = six, estimator = "ULSMV"),
  case("x_given_dwls", mixed_data, mimic_given, ordered = six, estimator = "DWLS"),
  case("x_given_wlsm", mixed_data, mimic_given, ordered = six, estimator = "WLSM"),
  case("x_given_wls", mixed_data, "
    visual =~ x1 + x2 + x3
    visual ~ age + sex", ordered = six[1:3], estimator = "WLS"),
  case("x_given_std_lv", mixed_data, mimic_given, ordered = six, std.lv = TRUE),
  case("x_given_groups", mixed_data, mimic_plain, ordered = six, group = "school"),
  case("x_given_groups_theta", mixed_data, mimic_plain, ordered = six, group = "school",
       parameterization = "theta"),
  case("x_given_groups_scalar", mixed_data, mimic_plain, ordered = six, group = "school",
       group.equal = c("loadings", "thresholds")),
  case("x_given_groups_scalar_theta", mixed_data, mimic_plain, ordered = six, group = "school",
       group.equal = c("loadings", "thresholds", "regressions"), parameterization = "theta"),
  case("x_given_weights", mixed_data, mimic_given, ordered = six, sampling.weights = "w"))
