# Cases with equality and inequality constraints and with bounds; read by make_reference.R.

ecsi3 <- "
    Quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
    Satisfaction =~ CUSA1 + CUSA2 + CUSA3
    Loyalty =~ CUSL1 + CUSL2 + CUSL3
    Satisfaction ~ a*Quality
    Loyalty ~ b*Satisfaction + c*Quality
    indirect := a*b
    total := c + a*b"

constraint_cases <- function() list(
  case("x_constraint_effects_coding", hs, "
    visual =~ NA*x1 + a1*x1 + a2*x2 + a3*x3
    textual =~ NA*x4 + b1*x4 + b2*x5 + b3*x6
    speed =~ NA*x7 + c1*x7 + c2*x8 + c3*x9
    a1 + a2 + a3 == 3
    b1 + b2 + b3 == 3
    c1 + c2 + c3 == 3", "cfa", also = "vcov",
    note = "scaled by loadings of mean 1: identified only through the constraints"),
  case("x_constraint_effects_coding_means", hs, "
    visual =~ NA*x1 + a1*x1 + a2*x2 + a3*x3
    textual =~ x4 + x5 + x6
    x1 ~ i1*1
    x2 ~ i2*1
    x3 ~ i3*1
    visual ~ m*1
    textual ~ visual
    a1 == 3 - a2 - a3
    i1 + i2 + i3 == 0", meanstructure = TRUE, note = "loadings of mean 1 and intercepts of mean 0"),
  case("x_constraint_linear", hs, "
    visual =~ x1 + a*x2 + b*x3
    textual =~ x4 + c*x5 + d*x6
    x1 ~~ e1*x1
    x2 ~~ e2*x2
    x3 ~~ e3*x3
    2*a == b + 0.1
    c - d == 0.3
    e1 + e2 == e3 + 0.6", "cfa", also = c("vcov", "residuals")),
  case("x_constraint_number", hs, "
    visual =~ x1 + a*x2 + b*x3
    textual =~ x4 + x5 + x6
    a == 0.5
    share := a/(a + b)", "cfa", note = "a constraint that fixes a parameter"),
  case("x_constraint_product", hs, "
    visual =~ x1 + a*x2 + b*x3
    textual =~ x4 + x5 + x6
    a*b == 0.2
    ratio := a/b", "cfa", also = "vcov", note = "a product held at a number"),
  case("x_constraint_ratio", hs, "
    visual =~ x1 + x2 + x3
    textual =~ x4 + x5 + x6
    x1 ~~ e1*x1
    x4 ~~ e4*x4
    visual ~~ v*visual
    textual ~~ t*textual
    v/(v + e1) == t/(t + e4)", "cfa", note = "equal reliabilities of two markers"),
  case("x_constraint_functions", hs, "
    visual =~ x1 + a*x2 + b*x3
    textual =~ x4 + c*x5 + x6
    x4 ~~ e4*x4
    log(e4) == -a - b
    exp(c) == 2*sqrt(c) + c^2 - 0.2", "cfa", note = "several functions"),
  case("x_constraint_defined", composites, "
    SAT ~ a*QUA + IMG
    LOY ~ b*SAT + c*IMG
    indirect := a*b
    indirect == 0.5*c", note = "a constraint on a defined parameter"),
  case("x_constraint_path", composites, "
    SAT ~ a*QUA + b*IMG
    LOY ~ c*SAT + d*IMG + e*QUA
    a == b
    c > 0
    d < 2", note = "equal slopes, and inequalities that do not bind"),
  case("x_constraint_inactive", hs, "
    visual =~ x1 + a*x2 + b*x3
    textual =~ x4 + x5 + x6
    x1 ~~ e*x1
    e > 0.01
    a < b
    a*b < 5", "cfa", note = "inequalities that do not bind"),
  case("x_constraint_active", hs, "
    visual =~ x1 + a*x2 + b*x3
    textual =~ x4 + c*x5 + d*x6
    a > b
    c < 5
    gap := a - b", "cfa", also = "vcov", note = "a linear inequality that binds"),
  case("x_constraint_active_product", hs, "
    visual =~ x1 + a*x2 + b*x3
    textual =~ x4 + x5 + x6
    a*b > 0.7
    product := a*b", "cfa", note = "a nonlinear inequality that binds"),
  case("x_constraint_variance", ecsi, paste0(ecsi3, "
    Loyalty ~~ v*Loyalty
    v > 0.1"), note = "an inequality that holds off a Heywood case"),
  case("x_constraint_groups", hs, "
    visual =~ x1 + c(a1, a2)*x2 + c(b1, b2)*x3
    textual =~ x4 + x5 + x6
    textual ~ c(s1, s2)*visual
    a1 == a2
    b1 == b2
    s1 - s2 == 0.1", group = "school", note = "across groups"),
  case("x_constraint_groups_active", hs, "
    visual =~ x1 + x2 + x3
    textual =~ x4 + x5 + x6
    textual ~ c(s1, s2)*visual
    s1 > s2 + 0.2", group = "school", group.equal = "loadings",
    note = "an inequality across groups that binds"),
  case("x_constraint_growth", "growth_demo.csv", "
    i =~ 1*t1 + 1*t2 + 1*t3 + 1*t4
    s =~ 0*t1 + 1*t2 + 2*t3 + 3*t4
    t1 ~~ r1*t1
    t2 ~~ r2*t2
    t3 ~~ r3*t3
    t4 ~~ r4*t4
    r1 == r2
    r2 == r3
    r3 == r4", "growth", note = "equal residual variances written as equations"),
  case("x_constraint_mlr", hs, "
    visual =~ x1 + a*x2 + b*x3
    textual =~ x4 + c*x5 + d*x6
    a == b
    c*d == 1", "cfa", estimator = "MLR", note = "robust errors and scaled test under constraints"),
  case("x_constraint_mlm", hs, "
    visual =~ x1 + a*x2 + b*x3
    textual =~ x4 + c*x5 + d*x6
    a == b
    c == d + 0.1", "cfa", estimator = "MLM"),
  case("x_constraint_gls", hs, "
    visual =~ x1 + a*x2 + b*x3
    textual =~ x4 + x5 + x6
    a == b", "cfa", estimator = "GLS"),
  case("x_bounds_standard", ecsi, ecsi3, bounds = "standard", note = "a bound that holds off a Heywood case"),
  case("x_bounds_wide", ecsi, ecsi3, bounds = "wide"),
  case("x_bounds_positive", ecsi, ecsi3, bounds = "pos.var", also = "vcov"),
  case("x_bounds_latent", ecsi, ecsi3, bounds = "pos.lv.var"),
  case("x_bounds_inactive", hs, three_factors, "cfa", bounds = "standard", note = "bounds that do not bind")
)
