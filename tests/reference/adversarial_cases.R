# Cases that were found by drawing models, data and options at random: what is easily gone wrong; read by
# make_reference.R.

# three factors of three items each, two covariates, groups, clusters within groups, weights; answers cut into
# categories (o...), gaps at random given what is there (m...), products of items (p...)
adversarial <- "adversarial.csv"
adversarial_samples <- function() {
  set.seed(20261121)
  n <- 420
  group <- rep(c("beta", "alpha"), length.out = n)
  shop <- 1 + (seq_len(n) * 7) %% 36 + 36 * (group == "alpha")
  x <- cbind(rnorm(n), rnorm(n))
  x[, 2] <- x[, 2] + 0.4 * x[, 1]
  e <- matrix((rchisq(3 * n, 4) - 4) / sqrt(8), n)
  f1 <- 0.4 * x[, 1] + e[, 1]
  f2 <- 0.5 * f1 + 0.3 * x[, 2] + 0.8 * e[, 2]
  f3 <- 0.4 * f2 + 0.2 * f1 + 0.25 * f1 * f2 + 0.8 * e[, 3]
  d <- data.frame(group = group, shop = shop, weight = round(runif(n, 0.4, 2.2), 2), x1 = round(x[, 1], 3),
                  x2 = round(x[, 2], 3))
  effect <- 0.4 * rnorm(72)
  for (j in 1:3) for (i in 1:3) {
    y <- 3 + c(1, 0.8, 0.9)[i] * list(f1, f2, f3)[[j]] + 0.7 * rnorm(n) + effect[shop] + 0.3 * (i == 1) * (group == "beta")
    d[[paste0("y", j, i)]] <- round(y, 3)
    z <- (y - mean(y)) / sd(y)
    d[[paste0("o", j, i)]] <- findInterval(z, list(c(-0.9, 0.1, 1), c(-0.4, 0.8), 0.2)[[i]]) + 1
    m <- round(y, 3)
    if (i > 1) m[runif(n) < 0.3 * plogis(d[[paste0("y", j, 1)]] - 3)] <- NA
    d[[paste0("m", j, i)]] <- m
  }
  for (i in 1:3) {
    p <- (d[[paste0("y1", i)]] - mean(d[[paste0("y1", i)]])) * (d[[paste0("y2", i)]] - mean(d[[paste0("y2", i)]]))
    d[[paste0("p", i)]] <- round(p - mean(p), 5)
  }
  # lavaan 0.6-14 leaves an answer out of a polyserial correlation where its joint density, in the units of the
  # data, is below 1.5e-8, and cuts the sum of weights to a whole number in robust measures of incomplete rows:
  # 419 here, by rounding. In these units and weights neither happens
  d$t11 <- d$y11 / 10
  d$share <- 2.5 * d$weight
  write.csv(d, file.path(here, "data", adversarial), row.names = FALSE, na = "")
}

three <- "
    A =~ y11 + y12 + y13
    B =~ y21 + y22 + y23
    C =~ y31 + y32 + y33"
items <- function(letter) paste0(letter, rep(1:3, each = 3), 1:3)
ordinal_three <- gsub("y", "o", three)
gaps_three <- gsub("y", "m", three)
chain <- paste0(three, "
    A ~ x1
    B ~ a*A + x2
    C ~ b*B + c*A
    indirect := a*b
    total := c + a*b")
mixed_three <- "
    A =~ y11 + o12 + y13
    B =~ o21 + o22 + y23"
mixed_items <- c("o12", "o21", "o22")
mixed_tenths <- sub("y11 [+] o12", "o12 + t11", mixed_three)

adversarial_cases <- function() list(
  case("x_adv_cluster_default", adversarial, three, "cfa", cluster = "shop",
    note = "no estimator: the test leaves the model's curvature out"),
  case("x_adv_cluster_mlr", adversarial, chain, cluster = "shop", estimator = "MLR"),
  case("x_adv_cluster_fixed_x", adversarial, chain, cluster = "shop"),
  case("x_adv_cluster_groups", adversarial, three, "cfa", cluster = "shop", group = "group",
    group.equal = c("loadings", "intercepts"), note = "clusters within groups"),
  case("x_adv_cluster_groups_mlr", adversarial, three, "cfa", cluster = "shop", group = "group", estimator = "MLR"),
  case("x_adv_cluster_fiml", adversarial, gaps_three, "cfa", cluster = "shop", missing = "fiml"),
  case("x_adv_cluster_fiml_mlr", adversarial, gaps_three, "cfa", cluster = "shop", missing = "fiml",
    estimator = "MLR"),
  case("x_adv_mixed_thresholds", adversarial, mixed_three, "cfa", ordered = mixed_items, group = "group",
    group.equal = c("loadings", "thresholds"), note = "intercepts go with thresholds"),
  case("x_adv_mixed_intercepts_theta", adversarial, mixed_three, "cfa", ordered = mixed_items, group = "group",
    group.equal = c("loadings", "intercepts"), parameterization = "theta"),
  case("x_adv_mixed_weights", adversarial, mixed_tenths, "cfa", ordered = mixed_items, sampling.weights = "weight"),
  case("x_adv_mixed_weights_groups", adversarial, mixed_tenths, "cfa", ordered = mixed_items, group = "group",
    sampling.weights = "weight", group.equal = c("loadings", "thresholds")),
  case("x_adv_cluster_weights_fiml", adversarial, gaps_three, "cfa", cluster = "shop", missing = "fiml",
    sampling.weights = "share"),
  case("x_adv_ordinal_intercepts", adversarial, ordinal_three, "cfa", ordered = items("o"), group = "group",
    group.equal = c("loadings", "intercepts")),
  case("x_adv_ordinal_more_names", adversarial, "
    A =~ o11 + o12 + o13
    B =~ o21 + o22 + o23", "cfa", ordered = items("o")),
  case("x_adv_ordinal_covariates", adversarial, gsub("y", "o", chain), ordered = items("o"), fixed.x = FALSE,
    conditional.x = FALSE),
  case("x_adv_second_order_gaps", adversarial, paste0(gaps_three, "
    G =~ A + B + C"), "cfa", missing = "fiml", estimator = "MLR"),
  case("x_adv_bifactor_gaps", adversarial, "
    G =~ m11 + m12 + m13 + m21 + m22 + m23 + m31 + m32 + m33
    C =~ m31 + m32 + m33", "cfa", missing = "fiml", orthogonal = TRUE),
  case("x_adv_products", adversarial, paste0(three, "
    P =~ p1 + p2 + p3
    C ~ A + B + i*P"), estimator = "MLR", note = "a latent interaction by products of items"),
  case("x_adv_growth_no_variance", adversarial, "
    i =~ 1*y11 + 1*y12 + 1*y13
    s =~ 0*y11 + 1*y12 + 2*y13
    s ~~ 0*s + 0*i
    i ~ x1", "growth", note = "a slope without variance"),
  case("x_adv_label_one_group", adversarial, "
    A =~ y11 + c('l', '')*y12 + y13
    B =~ y21 + y22 + c('', 'm')*y23
    B ~ c('b', '')*A
    more := b*l - m", group = "group", note = "labels of one group alone"),
  case("x_adv_groups_constraint", adversarial, "
    A =~ y11 + c(l1, l2)*y12 + c(k1, k2)*y13
    B =~ y21 + y22 + y23
    B ~ c(b1, b2)*A
    l1 == l2
    k1 > 0.2
    gap := b1 - b2", group = "group", estimator = "MLR")
)
