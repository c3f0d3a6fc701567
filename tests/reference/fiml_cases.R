# Cases with missing values under full-information maximum likelihood; read by make_reference.R.

# gaps that depend on what is there (missing at random), made by rules and not by chance
incomplete_samples <- function() {
  d <- read.csv(file.path(here, "data", hs))[c("sex", "ageyr", "school", paste0("x", 1:9))]
  i <- seq_len(nrow(d))
  d$class <- (i * 13) %% 29
  d$x3[d$x1 < 4 & i %% 2 == 0] <- NA
  d$x5[d$x4 > 3.5 & i %% 3 == 0] <- NA
  d$x7[i %% 9 == 0] <- NA
  d$x8[d$x2 > 6.5 & i %% 2 == 1 | i %% 9 == 0] <- NA
  d$x9[is.na(d$x8) | i %% 7 == 3] <- NA                       # who stops stays away
  d$ageyr[i %% 13 == 5] <- NA
  d[i %in% c(40, 200), paste0("x", 1:9)] <- NA
  d[i == 77, c("sex", "ageyr", paste0("x", 1:9))] <- NA
  write.csv(d, file.path(here, "data", incomplete), row.names = FALSE, na = "")
  sampled <- d                                                # weights, and classrooms within schools
  sampled$w <- round(0.4 + (i * 11) %% 17 / 10 + (i %% 4) / 5, 3)
  sampled$room <- d$class + 100 * (d$school == "Grant-White")
  sampled <- sampled[!i %in% c(40, 77, 200), ]                # lavaan's weights would count empty rows
  # weights that sum to the number of rows in each school exactly, with and without rows that lack a covariate
  cell <- paste(sampled$school, is.na(sampled$ageyr))
  sampled$whole <- ave(rep(1, nrow(sampled)), cell, FUN = function(one) {
    k <- length(one) %/% 4
    c(rep(c(0.5, 1.5, 0.75, 1.25), k), rep(1, length(one) - 4 * k))
  })
  write.csv(sampled, file.path(here, "data", incomplete_sampled), row.names = FALSE, na = "")
  small <- d[i %% 5 == 1, ]
  write.csv(small, file.path(here, "data", incomplete_small), row.names = FALSE, na = "")
  g <- read.csv(file.path(here, "data", "growth_demo.csv"))
  j <- seq_len(nrow(g))
  g$t3[g$t2 > 2 & j %% 3 == 0 | j %% 10 == 4] <- NA
  g$t4[is.na(g$t3) | g$t3 > 4 & j %% 2 == 0] <- NA            # monotone: who is lost stays lost
  g$c2[j %% 8 == 1] <- NA
  g$weight <- round(0.5 + (j * 7) %% 11 / 7 + (j %% 5) / 4, 3)
  g$shop <- (j * 13) %% 37
  write.csv(g, file.path(here, "data", incomplete_growth), row.names = FALSE, na = "")
}

incomplete <- "holzinger_swineford_incomplete.csv"
incomplete_small <- "holzinger_swineford_incomplete_60.csv"
incomplete_growth <- "growth_incomplete.csv"
incomplete_sampled <- "holzinger_swineford_incomplete_sampled.csv"

structural <- "
    visual =~ x1 + x2 + x3
    speed =~ x7 + x8 + x9
    visual ~ a*sex + ageyr
    speed ~ b*visual + sex
    through := a*b"

structural_groups <- "
    visual =~ x1 + x2 + x3
    speed =~ x7 + x8 + x9
    visual ~ sex + ageyr
    speed ~ visual + sex"

fiml_cases <- function() list(
  case("x_fiml_fixed_x", incomplete, structural, missing = "fiml", also = "vcov",
    note = "rows without a covariate are left out"),
  case("x_fiml_fixed_x_mlr", incomplete, structural, missing = "fiml", estimator = "MLR", also = "vcov"),
  case("x_fiml_x", incomplete, structural, missing = "fiml.x", also = "vcov",
    note = "rows without a covariate are kept; lavaan's log-likelihood given x is that of complete x"),
  case("x_fiml_x_mlr", incomplete, structural, missing = "fiml.x", estimator = "MLR"),
  case("x_fiml_random_x", incomplete, structural, missing = "fiml", fixed.x = FALSE, also = "vcov"),
  case("x_fiml_random_x_mlr", incomplete, structural, missing = "fiml", fixed.x = FALSE, estimator = "MLR"),
  case("x_fiml_groups", incomplete, three_factors, "cfa", missing = "fiml", group = "school"),
  case("x_fiml_groups_metric_mlr", incomplete, three_factors, "cfa", missing = "fiml", group = "school",
    group.equal = "loadings", estimator = "MLR"),
  case("x_fiml_groups_scalar", incomplete, three_factors, "cfa", missing = "fiml", group = "school",
    group.equal = c("loadings", "intercepts")),
  case("x_fiml_small", incomplete_small, three_factors, "cfa", missing = "fiml",
    note = "61 pupils"),
  case("x_fiml_small_mlr", incomplete_small, three_factors, "cfa", missing = "fiml", estimator = "MLR"),
  case("x_fiml_paths", incomplete, "
    x4 ~ a*x1 + x2
    x9 ~ b*x4 + c*x1
    indirect := a*b", missing = "fiml", also = "vcov"),
  case("x_fiml_growth", incomplete_growth, "
    i =~ 1*t1 + 1*t2 + 1*t3 + 1*t4
    s =~ 0*t1 + 1*t2 + 2*t3 + 3*t4", "growth", missing = "fiml", also = "vcov", note = "monotone drop-out"),
  case("x_fiml_growth_mlr", incomplete_growth, "
    i =~ 1*t1 + 1*t2 + 1*t3 + 1*t4
    s =~ 0*t1 + 1*t2 + 2*t3 + 3*t4
    i ~ x1 + x2
    s ~ x1 + x2", "growth", missing = "fiml", estimator = "MLR", note = "monotone drop-out"),
  case("x_fiml_weights", incomplete_growth, "
    i =~ 1*t1 + 1*t2 + 1*t3 + 1*t4
    s =~ 0*t1 + 1*t2 + 2*t3 + 3*t4", "growth", missing = "fiml", estimator = "MLR",
    sampling.weights = "weight", also = "vcov", note = "sampling weights and missing values together"),
  case("x_fiml_clusters_fixed_x", incomplete_growth, "
    i =~ 1*t1 + 1*t2 + 1*t3 + 1*t4
    s =~ 0*t1 + 1*t2 + 2*t3 + 3*t4
    i ~ x1 + x2", "growth", missing = "fiml", cluster = "shop", also = "vcov"),
  case("x_fiml_clusters", incomplete, three_factors, "cfa", missing = "fiml", cluster = "class", also = "vcov"),
  case("x_fiml_complete", hs, three_factors, "cfa", missing = "fiml", also = "vcov",
    note = "nothing is missing: only the information differs from ML"),
  case("x_fiml_constraint", incomplete, "
    visual =~ x1 + a*x2 + b*x3
    textual =~ x4 + c*x5 + d*x6
    a == b
    c + d == 2.1", "cfa", missing = "fiml", also = "vcov"),
  # options together
  case("x_fiml_weights_clusters", incomplete_sampled, three_factors, "cfa", missing = "fiml",
    sampling.weights = "w", cluster = "room", also = "vcov"),
  case("x_fiml_weights_groups", incomplete_sampled, three_factors, "cfa", missing = "fiml",
    sampling.weights = "w", group = "school", group.equal = "loadings"),
  case("x_fiml_weights_whole_groups", incomplete_sampled, three_factors, "cfa", missing = "fiml",
    sampling.weights = "whole", group = "school", group.equal = "loadings",
    note = "weights that sum to the number of rows in each group"),
  case("x_fiml_weights_fixed_x_groups", incomplete_sampled, structural_groups, missing = "fiml",
    sampling.weights = "w", group = "school"),
  case("x_fiml_weights_whole_fixed_x_groups", incomplete_sampled, structural_groups, missing = "fiml",
    sampling.weights = "whole", group = "school"),
  case("x_fiml_weights_whole_random_x_groups", incomplete_sampled, structural_groups, missing = "fiml",
    fixed.x = FALSE, sampling.weights = "whole", group = "school",
    group.equal = c("loadings", "regressions")),
  case("x_fiml_weights_whole_clusters_groups", incomplete_sampled, three_factors, "cfa", missing = "fiml",
    sampling.weights = "whole", cluster = "room", group = "school", group.equal = c("loadings", "intercepts"),
    group.partial = "x3~1"),
  case("x_fiml_clusters_groups", incomplete_sampled, three_factors, "cfa", missing = "fiml",
    cluster = "room", group = "school"),
  case("x_fiml_weights_clusters_groups", incomplete_sampled, three_factors, "cfa", missing = "fiml",
    sampling.weights = "w", cluster = "room", group = "school", group.equal = c("loadings", "intercepts"),
    group.partial = "x3~1"),
  case("x_fiml_x_groups", incomplete, structural_groups, missing = "fiml.x", group = "school"),
  case("x_fiml_x_groups_mlr", incomplete, structural_groups, missing = "fiml.x", group = "school",
    group.equal = "loadings", estimator = "MLR"),
  case("x_fiml_weights_random_x_groups", incomplete_sampled, structural_groups, missing = "fiml",
    fixed.x = FALSE, sampling.weights = "w", group = "school", group.equal = c("loadings", "regressions")),
  case("x_fiml_constraint_groups", incomplete, "
    visual =~ x1 + c(a1, a2)*x2 + c(b1, b2)*x3
    speed =~ x7 + x8 + x9
    speed ~ c(p1, p2)*visual
    a1 == a2
    p1 > 0.1
    gap := p2 - p1", missing = "fiml", group = "school", estimator = "MLR"),
  case("x_fiml_constraint_bounds", incomplete, "
    visual =~ x1 + a*x2 + b*x3
    textual =~ x4 + c*x5 + d*x6
    c == d", "cfa", missing = "fiml", bounds = "pos.var", also = "vcov"),
  case("x_fiml_random_x_groups_means", incomplete, structural_groups, missing = "fiml", fixed.x = FALSE,
    group = "school", group.equal = c("loadings", "intercepts"), estimator = "MLR")
)
