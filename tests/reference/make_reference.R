#!/usr/bin/env Rscript
# Remakes the oracle values of tests/reference with R and lavaan. R is never needed to run the tests.
#
#   Rscript make_reference.R check           refit every stored case from its own syntax, data and arguments, and
#                                            compare with what is stored; exit status 1 beyond 1e-6
#   Rscript make_reference.R extra [PREFIX]  write lavaan_extra/*.json from the definitions in this file and
#                                            in the files *_cases.R, all or those
#                                            whose name begins so
#   Rscript make_reference.R remake FOLDER   write every case of both folders anew into FOLDER
#   Rscript make_reference.R published FOLDER  print the figures of test_published.py (FOLDER: SATLOYAL_REFERENCE)
#
# Needs: R >= 4.2, lavaan (0.6-14 made the stored values), semTools 0.5-6, jsonlite.
# Written from the documentation of those packages; no code of theirs is used here.

suppressMessages({
  library(lavaan)
  library(jsonlite)
})

here <- local({
  args <- commandArgs(FALSE)
  file <- sub("^--file=", "", args[grep("^--file=", args)])
  if (length(file)) dirname(normalizePath(file)) else getwd()
})

read_data <- function(name) {
  data <- read.csv(file.path(here, "data", name))
  if (grepl("corporate", name)) data[data == -99] <- NA
  data
}

# --- one case: fit it and collect what is compared ------------------------------------------------------------

fit_case <- function(case) {
  args <- as.list(case$args)
  engine <- sub(".*\\((\\w+)\\(\\)\\).*", "\\1", case$engine)
  stopifnot(engine %in% c("cfa", "sem", "growth", "lavaan"))
  if (!is.null(args$sample.cov)) {
    s <- args$sample.cov
    values <- if (is.matrix(s$values)) s$values else do.call(rbind, lapply(s$values, unlist))
    dimnames(values) <- list(unlist(s$names), unlist(s$names))
    args$sample.cov <- values
    if (!is.null(args$sample.mean)) args$sample.mean <- setNames(unlist(args$sample.mean), unlist(s$names))
  } else {
    args$data <- read_data(case$data)
  }
  for (name in c("group.equal", "group.partial", "ordered", "effect.coding"))
    if (!is.null(args[[name]])) args[[name]] <- unlist(args[[name]])
  warned <- character()
  fit <- withCallingHandlers(
    do.call(engine, c(list(model = case$syntax), args)),
    warning = function(w) {
      warned <<- c(warned, trimws(gsub("\\s+", " ", conditionMessage(w))))
      invokeRestart("muffleWarning")
    })
  list(fit = fit, warnings = unique(warned))
}

named_matrix <- function(m) list(names = I(rownames(m)), values = unname(unclass(m)))

collect <- function(case, wanted = c(names(case), if (!is.null(case$residual_raw)) "residuals")) {
  run <- fit_case(case)
  fit <- run$fit
  estimates <- parameterEstimates(fit, standardized = TRUE, remove.step1 = FALSE)
  class(estimates) <- "data.frame"
  out <- list(name = case$name, note = if (is.null(case$note)) "" else case$note, engine = case$engine,
              data = case$data, syntax = case$syntax, args = if (length(case$args)) case$args else list(),
              converged = lavInspect(fit, "converged"))
  if (length(run$warnings)) out$warnings <- paste(run$warnings, collapse = "; ")
  out$estimates <- estimates
  out$npar <- unname(fitMeasures(fit, "npar"))
  out$nobs <- I(lavInspect(fit, "nobs"))
  out$fit_measures <- as.list(unclass(fitMeasures(fit)))
  if ("residual_cov" %in% wanted)   # (s - sigma) / sqrt(s_ii s_jj)
    out$residual_cov <- named_matrix(residuals(fit, type = "cor.bentler")$cov)
  if ("residuals" %in% wanted) {    # correlations minus implied correlations, and covariances minus implied ones
    out$residual_cor <- named_matrix(residuals(fit, type = "cor.bollen")$cov)
    out$residual_raw <- named_matrix(residuals(fit, type = "raw")$cov)
  }
  if ("vcov" %in% wanted) {
    v <- vcov(fit)
    out$vcov <- list(vcov_names = I(rownames(v)), vcov = unname(unclass(v)))
  }
  if ("modification_indices" %in% wanted) out$modification_indices <- as.data.frame(unclass(modindices(fit)))
  if ("reliability" %in% wanted) {
    r <- suppressMessages(suppressWarnings(semTools::reliability(fit)))
    r <- unclass(r)[c("alpha", "omega", "omega2", "omega3", "avevar"), , drop = FALSE]
    out$reliability <- list(measure = rownames(r), construct = I(colnames(r)), values = unname(r))
  }
  if ("htmt" %in% wanted) {
    # semTools' default, and so "htmt" here, is HTMT2 (geometric means); the arithmetic HTMT stands beside it
    ratio <- function(geometric) {
      h <- unclass(suppressWarnings(semTools::htmt(case$syntax, read_data(case$data), htmt2 = geometric)))
      h[upper.tri(h)] <- t(h)[upper.tri(h)]
      named_matrix(h)
    }
    out$htmt <- ratio(TRUE)
    out$htmt_arithmetic <- ratio(FALSE)
  }
  out
}

polychorics <- function(case) {
  data <- read_data(case$data)[unlist(case$names)]
  fit <- lavCor(data, ordered = names(data), output = "fit", se = "none")
  p <- parameterEstimates(fit)
  th <- p[p$op == "|", ]
  list(name = case$name, engine = case$engine, data = case$data,
       thresholds = as.list(setNames(th$est, paste0(th$lhs, "|", th$rhs))), names = I(names(data)),
       correlations = unname(unclass(lavCor(data, ordered = names(data)))))
}

write_case <- function(result, folder) {
  path <- file.path(folder, paste0(result$name, ".json"))
  writeLines(toJSON(result, auto_unbox = TRUE, digits = NA, null = "null", na = "null", pretty = 1), path)
}

# --- the extra cases: breadth beyond the reference folder -------------------------------------------------------

hs <- "holzinger_swineford_1939.csv"
ecsi <- "ecsi_mobile.csv"
corp <- "corporate_reputation.csv"
composites <- "ecsi_mobile_composites.csv"
business <- "customer_satisfaction.csv"
democracy <- "political_democracy.csv"

case <- function(name, data, syntax, engine = "sem", ..., note = "", also = character()) {
  list(name = name, data = data, syntax = gsub("\n +", "\n", trimws(syntax)), args = list(...), note = note,
       engine = sprintf("lavaan %s (%s())", as.character(packageVersion("lavaan")), engine), also = also)
}

three_factors <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"

published <- function() {
  m <- fromJSON(file.path(here, "data", "published_matrices", "gidakovic_zabkar_2021.json"),
                simplifyVector = FALSE)
  names <- unlist(m$order)
  r <- diag(length(names))
  for (i in seq_along(names)) for (j in seq_along(m$cor_lower[[i]]))
    r[i, j] <- r[j, i] <- m$cor_lower[[i]][[j]]
  dimnames(r) <- list(names, names)
  r
}

matrix_arg <- function(m) list(names = rownames(m), values = unname(m))

# twelve constructs of three items each, so that names run past f9 and i9; loadings and correlations written here
twelve <- function() {
  k <- 12; lambda <- matrix(0, 3 * k, k)
  for (f in 1:k) lambda[(3 * f - 2):(3 * f), f] <- c(0.8, 0.7 + 0.01 * f, 0.6)
  phi <- outer(1:k, 1:k, function(i, j) 0.55 ^ abs(i - j)^0.5); diag(phi) <- 1
  noise <- outer(1:(3 * k), 1:(3 * k), function(i, j) 0.03 * sin(3 * i + 7 * j) + 0.03 * sin(3 * j + 7 * i))
  s <- lambda %*% phi %*% t(lambda) + noise
  diag(s) <- 1
  s <- round(s, 4)
  dimnames(s) <- rep(list(paste0("i", 1:(3 * k))), 2)
  s
}

# satisfaction breeds complaints, complaints lower satisfaction: a loop whose product is negative, in population form
negative_loop <- function() {
  v <- c("SAT", "CMP", "QUA", "EFF", "LOY")
  B <- matrix(0, 5, 5, dimnames = list(v, v))
  B["SAT", "CMP"] <- -0.4; B["SAT", "QUA"] <- 0.6; B["CMP", "SAT"] <- 0.5; B["CMP", "EFF"] <- -0.5
  B["LOY", "SAT"] <- 0.7; B["LOY", "CMP"] <- -0.2
  S <- diag(c(0.5, 0.6, 1, 1, 0.4)); S[1, 2] <- S[2, 1] <- 0.1; S[3, 4] <- S[4, 3] <- 0.3
  I <- solve(diag(5) - B)
  s <- round(I %*% S %*% t(I), 3)
  s["LOY", "QUA"] <- s["QUA", "LOY"] <- s["LOY", "QUA"] + 0.05   # so that the model does not fit exactly
  dimnames(s) <- list(v, v)
  s
}

extra_cases <- function() list(
  case("x_fixed_na_start", hs, "
    visual =~ NA*x1 + x2 + start(0.8)*x3
    visual ~~ 1*visual
    textual =~ 1*x4 + 1.1*x5 + x6
    speed =~ x7 + 0.9*x8 + x9
    x1 ~~ 0.5*x1", "cfa", note = "freed marker, fixed loadings, a start value, a fixed residual variance",
    also = c("residuals", "vcov")),
  case("x_orthogonal", hs, three_factors, "cfa", orthogonal = TRUE, also = "reliability"),
  case("x_labels_across_factors", hs, "
    visual =~ x1 + l*x2 + x3
    textual =~ x4 + l*x5 + m*x6
    speed =~ x7 + m*x8 + x9
    x1 ~~ e*x1
    x4 ~~ e*x4", "cfa", note = "equal loadings across factors, equal residual variances", also = "vcov"),
  case("x_parallel", hs, "
    verbal =~ 1*x4 + 1*x5 + 1*x6
    x4 ~~ e*x4
    x5 ~~ e*x5
    x6 ~~ e*x6", "cfa", note = "parallel items"),
  case("x_tau_equivalent_std_lv", hs, "
    visual =~ a*x1 + a*x2 + a*x3
    textual =~ b*x4 + b*x5 + b*x6", "cfa", std.lv = TRUE),
  case("x_bifactor", hs, "
    g =~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9
    textual =~ x4 + x5 + x6
    speed =~ x7 + x8 + x9", "cfa", orthogonal = TRUE, std.lv = TRUE),
  case("x_mimic_fixed_x", hs, paste0(three_factors, "
    visual ~ sex + ageyr + grade
    textual ~ sex + ageyr + grade
    speed ~ sex + ageyr + grade"), note = "three fixed covariates, one with a missing value"),
  case("x_mimic_random_x", hs, paste0(three_factors, "
    visual ~ sex + ageyr
    textual ~ sex + ageyr
    speed ~ visual + textual"), fixed.x = FALSE),
  case("x_mimic_direct_effect", hs, "
    visual =~ x1 + x2 + x3
    visual ~ sex + ageyr
    x3 ~ sex", note = "a covariate acts on an item directly"),
  case("x_mimic_means", hs, paste0(three_factors, "
    visual ~ sex
    textual ~ visual + ageyr
    speed ~ visual"), meanstructure = TRUE),
  case("x_latent_and_observed_x", corp, "
    LIKE =~ like_1 + like_2 + like_3
    CUSL =~ cusl_1 + cusl_2 + cusl_3
    CUSL ~ LIKE + qual_global + switch_1",
    note = "an exogenous latent beside fixed covariates: their covariances are not in the model"),
  case("x_mixed_latent_observed", corp, "
    SWITCH =~ switch_1 + switch_2 + switch_3 + switch_4
    LIKE =~ like_1 + like_2 + like_3
    CUSL =~ cusl_1 + cusl_2 + cusl_3
    cusa ~ l*LIKE + qual_global
    CUSL ~ d*LIKE + s*cusa + SWITCH
    indirect := l*s
    total := d + l*s
    share := indirect / total", note = "observed mediator among latents; a defined ratio", also = "residuals"),
  case("x_user_x_covariance", composites, "
    SAT ~ QUA + IMG
    LOY ~ SAT + IMG
    QUA ~~ IMG", note = "a covariance of covariates that the user writes makes them random"),
  case("x_terminal_covariances", composites, "
    SAT ~ QUA + IMG
    VAL ~ QUA
    LOY ~ IMG
    SAT ~~ 0*VAL", note = "residual covariances of terminal outcomes, one of them fixed to 0"),
  case("x_path_means", composites, "
    SAT ~ m*1 + a*QUA
    VAL ~ m*1 + QUA
    LOY ~ 1 + b*SAT + VAL
    ind := a*b", note = "intercepts written out, two of them equal"),
  case("x_path_equal_slopes", composites, "
    SAT ~ a*QUA + a*IMG
    LOY ~ b*SAT + c*IMG
    ratio := a*b / (c + a*b)
    log_odds := log(b) - log(1 - c)
    root := sqrt(b^2 + c^2) * exp(-a)", note = "functions in defined parameters"),
  case("x_negative_loop", "inline: args.sample.cov", "
    SAT ~ CMP + QUA
    CMP ~ SAT + EFF
    SAT ~~ CMP
    LOY ~ SAT + CMP", sample.cov = matrix_arg(negative_loop()), sample.nobs = 300,
    note = "nonrecursive with a negative loop; the matrix is computed, see negative_loop()"),
  case("x_latent_loop", ecsi, "
    Quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4
    Value =~ PERV1 + PERV2
    Satisfaction =~ CUSA1 + CUSA2 + CUSA3
    Expectation =~ CUEX1 + CUEX2 + CUEX3
    Satisfaction ~ f*Value + Quality
    Value ~ b*Satisfaction + Expectation
    loop := f*b", note = "nonrecursive among latents"),
  case("x_single_indicator", corp, "
    Sat =~ cusa
    LIKE =~ like_1 + like_2 + like_3
    CUSL =~ cusl_1 + cusl_2 + cusl_3
    Sat ~ LIKE
    CUSL ~ Sat + LIKE", note = "a latent with one item: residual variance 0"),
  case("x_single_indicator_error", business, "
    Overall =~ q1
    q1 ~~ 0.4*q1
    Price =~ q2 + q3 + q4
    Service =~ q5 + q6 + q7
    Quality =~ q8 + q9 + q10
    Overall ~ Price + Service + Quality",
    note = "a single item with its error variance from a known reliability; n = 1,811", also = "residuals"),
  case("x_ecsi7", ecsi, "
    Image =~ IMAG1 + IMAG2 + IMAG3 + IMAG4 + IMAG5
    Expectation =~ CUEX1 + CUEX2 + CUEX3
    Quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
    Value =~ PERV1 + PERV2
    Satisfaction =~ CUSA1 + CUSA2 + CUSA3
    Complaints =~ CUSCO
    Loyalty =~ CUSL1 + CUSL2 + CUSL3
    Expectation ~ Image
    Quality ~ Expectation
    Value ~ Expectation + Quality
    Satisfaction ~ Image + Expectation + Quality + Value
    Complaints ~ Satisfaction
    Loyalty ~ Image + Satisfaction + Complaints", note = "the whole ECSI model, all 24 items"),
  case("x_ecsi_chain", ecsi, "
    Quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
    Value =~ PERV1 + PERV2
    Satisfaction =~ CUSA1 + CUSA2 + CUSA3
    Loyalty =~ CUSL1 + CUSL2 + CUSL3
    Value ~ v*Quality
    Satisfaction ~ q*Quality + w*Value
    Loyalty ~ s*Satisfaction
    quality_to_loyalty := (q + v*w) * s", note = "the quick start's model",
    also = c("reliability", "htmt", "residuals", "vcov")),
  case("x_ecsi_measurement", ecsi, "
    Quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
    Value =~ PERV1 + PERV2
    Satisfaction =~ CUSA1 + CUSA2 + CUSA3
    Loyalty =~ CUSL1 + CUSL2 + CUSL3
    PERQ4 ~~ PERQ6
    CUSA2 ~~ CUSL1", "cfa", std.lv = TRUE, note = "residual covariances within and across factors",
    also = c("reliability", "htmt")),
  case("x_second_order_structural", ecsi, "
    Quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4
    Value =~ PERV1 + PERV2
    Expectation =~ CUEX1 + CUEX2 + CUEX3
    Satisfaction =~ CUSA1 + CUSA2 + CUSA3
    Experience =~ Quality + Value + Expectation
    Satisfaction ~ Experience", note = "a second-order cause"),
  case("x_wishart_means", hs, three_factors, "cfa", likelihood = "wishart", meanstructure = TRUE),
  case("x_latent_means", hs, "
    visual =~ x1 + x2 + x3
    textual =~ x4 + x5 + x6
    x1 ~ 0*1
    x4 ~ 0*1
    visual ~ 1
    textual ~ 1", "cfa", meanstructure = TRUE, note = "marker intercepts 0, factor means free"),
  case("x_matrix_means", "inline: args.sample.cov", three_factors, "cfa",
    sample.cov = matrix_arg(round(cov(read_data(hs)[paste0("x", 1:9)]), 3)),
    sample.mean = round(unname(colMeans(read_data(hs)[paste0("x", 1:9)])), 3), sample.nobs = 301,
    meanstructure = TRUE),
  case("x_none", democracy, "
    ind60 =~ 1*x1 + x2 + x3
    dem60 =~ 1*y1 + y2 + y3 + y4
    dem60 ~ ind60
    ind60 ~~ ind60
    dem60 ~~ dem60
    x1 ~~ x1
    x2 ~~ x2
    x3 ~~ x3
    y1 ~~ y1
    y2 ~~ y2
    y3 ~~ y3
    y4 ~~ y4", "lavaan", note = "nothing is added to what is written"),
  case("x_small", "holzinger_swineford_60.csv", three_factors, "cfa", note = "n = 60",
    also = c("reliability", "htmt")),
  case("x_small_sem", "holzinger_swineford_60.csv", paste0(three_factors, "
    speed ~ a*visual + c*textual
    textual ~ b*visual
    ind := b*c
    total := a + b*c"), note = "n = 60"),
  case("x_twelve_factors", "inline: args.sample.cov",
    paste(vapply(1:12, function(f) sprintf("f%d =~ i%d + i%d + i%d", f, 3*f - 2, 3*f - 1, 3*f), ""),
          collapse = "\n"), "cfa",
    sample.cov = matrix_arg(twelve()), sample.nobs = 400,
    note = "36 items, 102 parameters, names past f9; the matrix is computed, see twelve()"),
  case("x_gidakovic", "inline: args.sample.cov", "
    Trust ~ a*Satisfaction
    Loyalty ~ b*Trust + c*Satisfaction
    indirect := a*b
    total := c + a*b", sample.cov = matrix_arg(published()[c("Satisfaction", "Trust", "Loyalty"),
                                                           c("Satisfaction", "Trust", "Loyalty")]),
    sample.nobs = 476, note = "published correlations, Gidakovic and Zabkar (2021), Table 3"),
  case("x_gidakovic_value", "inline: args.sample.cov", "
    Value ~ v*Satisfaction
    Trust ~ a*Satisfaction
    Loyalty ~ b*Trust + w*Value
    via_trust := a*b
    via_value := v*w", sample.cov = matrix_arg(published()[c("Satisfaction", "Trust", "Value", "Loyalty"),
                                                           c("Satisfaction", "Trust", "Value", "Loyalty")]),
    sample.nobs = 476, fixed.x = FALSE, note = "two mediators, no direct path"),
  case("x_group_sem", corp, "
    LIKE =~ like_1 + like_2 + like_3
    CUSL =~ cusl_1 + cusl_2 + cusl_3
    CUSL ~ c(b1, b2)*LIKE
    difference := b1 - b2", group = "servicetype", note = "contract and prepaid customers, slopes compared"),
  case("x_group_labels", hs, "
    visual =~ x1 + c(l, l)*x2 + c(NA, 0.8)*x3
    textual =~ x4 + x5 + x6
    textual ~ c(b, b)*visual", group = "school", note = "labels equal over groups, a loading fixed in one group"),
  case("x_group_metric_std_lv", hs, three_factors, "cfa", group = "school", group.equal = "loadings",
    std.lv = TRUE, note = "equal loadings free the factor variances of the second group"),
  case("x_group_path", hs, "
    x9 ~ x1 + ageyr
    x4 ~ x1 + x9", group = "school", group.equal = "regressions", note = "observed variables, equal slopes"),
  case("x_mlmv", hs, three_factors, "cfa", estimator = "MLMV"),
  case("x_mlf", hs, three_factors, "cfa", estimator = "MLF"),
  case("x_mlr_means", hs, three_factors, "cfa", estimator = "MLR", meanstructure = TRUE),
  case("x_gls_means", hs, three_factors, "cfa", estimator = "GLS", meanstructure = TRUE),
  case("x_ulsm", hs, three_factors, "cfa", estimator = "ULSM"),
  case("x_ulsmv_continuous", hs, three_factors, "cfa", estimator = "ULSMV"),
  case("x_mlm_groups", hs, three_factors, "cfa", estimator = "MLM", group = "school", group.equal = "loadings"),
  case("x_mlm_fixed_x", composites, robust_path, estimator = "MLM"),
  case("x_mlr_fixed_x", composites, robust_path, estimator = "MLR"),
  case("x_gls_random_x", composites, robust_path, estimator = "GLS", note = "least squares model covariates"),
  case("x_wls_random_x", composites, robust_path, estimator = "WLS"),
  case("x_weights", weighted, three_factors, "cfa", estimator = "MLR", sampling.weights = "weight"),
  case("x_clusters", weighted, three_factors, "cfa", estimator = "MLR", cluster = "cluster"),
  case("x_weights_groups", weighted, three_factors, "cfa", estimator = "MLR", sampling.weights = "weight",
    group = "school", group.equal = "loadings"),
  case("x_weights_clusters", weighted, three_factors, "cfa", estimator = "MLR", sampling.weights = "weight",
    cluster = "cluster")
)

robust_path <- "
    SAT ~ a*QUA + IMG
    VAL ~ d*QUA + e*SAT
    LOY ~ b*SAT + f*VAL
    serial := a*e*f"

# the weights and clusters are made up, by a rule that anyone can repeat
weighted <- "holzinger_swineford_weighted.csv"
weighted_sample <- function() {
  data <- read.csv(file.path(here, "data", hs))
  i <- seq_len(nrow(data))
  data$weight <- 0.4 + (i * 7 %% 13) %% 5 / 2
  data$cluster <- 1 + (i * 11) %% 40
  write.csv(data, file.path(here, "data", weighted), row.names = FALSE, na = "")
}

small_sample <- function() {
  data <- read.csv(file.path(here, "data", hs))
  write.csv(data[seq(3, 301, by = 5), ], file.path(here, "data", "holzinger_swineford_60.csv"), row.names = FALSE,
            na = "")
}

# --- comparing a remade case with the stored one ------------------------------------------------------------------

numbers <- function(x, path = "") {
  if (is.null(x)) return(NULL)
  if (is.list(x)) {
    keys <- if (is.null(names(x))) seq_along(x) else names(x)
    return(unlist(Map(function(v, k) numbers(v, paste0(path, "/", k)), x, keys), use.names = FALSE) |>
             stats::setNames(unlist(Map(function(v, k) names(numbers(v, paste0(path, "/", k))), x, keys))))
  }
  if (is.numeric(x)) setNames(as.numeric(x), path) else NULL
}

compared <- c("estimates", "fit_measures", "residual_cov", "residual_cor", "residual_raw", "vcov", "reliability", "htmt",
              "htmt_arithmetic", "thresholds", "correlations",
              "modification_indices")

row_key <- function(e) paste(e$lhs, e$op, if (e$op == ":=") "" else e$rhs, if (is.null(e$group)) 1 else e$group,
                             if (is.null(e$block)) 1 else e$block)

worst_difference <- function(old, new) {
  for (part in c("estimates", "modification_indices")) {
    if (is.null(old[[part]])) next
    names(old[[part]]) <- make.unique(vapply(old[[part]], row_key, ""))
    names(new[[part]]) <- make.unique(vapply(new[[part]], row_key, ""))
  }
  a <- numbers(old[intersect(compared, names(old))]); b <- numbers(new[intersect(compared, names(old))])
  a <- a[!grepl("/(group|block|user)$", names(a))]
  missing <- setdiff(names(a), names(b))
  common <- intersect(names(a), names(b))
  d <- abs(a[common] - b[common]) / pmax(1, abs(a[common]))
  list(worst = max(d), where = names(which.max(d)), missing = missing, compared = length(common))
}

remake <- function(path, folder) {
  old <- fromJSON(path, simplifyVector = FALSE)
  new <- if (is.null(old$syntax)) polychorics(old) else collect(old)
  write_case(new, folder)
  worst_difference(old, fromJSON(file.path(folder, basename(path)), simplifyVector = FALSE))
}

check <- function(folder = tempfile("remade"), limit = 1e-6) {
  dir.create(folder, showWarnings = FALSE, recursive = TRUE)
  bad <- 0
  for (path in Sys.glob(file.path(here, c("lavaan", "lavaan_extra"), "*.json"))) {
    d <- remake(path, folder)
    ok <- d$worst <= limit && length(d$missing) == 0
    bad <- bad + !ok
    cat(sprintf("%s %-32s %5d numbers, worst %.1e %s %s\n", if (ok) "ok  " else "DIFF", basename(path),
                d$compared, d$worst, if (ok) "" else d$where, paste(head(d$missing, 3), collapse = " ")))
  }
  cat(if (bad == 0) "all stored values were remade\n" else sprintf("%d cases differ\n", bad))
  invisible(bad == 0)
}

# --- data that may not be copied here: only the figures that test_published.py names are printed -----------------

acsi <- "
  Expectations =~ OVERALLX + CUSTOMX + WRONGX
  Quality      =~ OVERALLQ + CUSTOMQ + WRONGQ
  Value        =~ PQ + QP
  Satisfaction =~ SATIS + CONFIRM + IDEAL
  Repurchase   =~ REPUR
  Quality      ~ Expectations
  Value        ~ Expectations + Quality
  Satisfaction ~ Expectations + q*Quality + Value
  Repurchase   ~ r*Satisfaction
  quality_to_repurchase := q*r"

published_figures <- function(folder) {
  data <- read.csv(file.path(folder, "published", "acsi2015", "acsi2015.csv"))
  fit <- sem(acsi, data)
  print(fitMeasures(fit, c("ntotal", "chisq", "df", "cfi", "tli", "rmsea", "srmr", "aic")), nd = 7)
  p <- parameterEstimates(fit, standardized = TRUE)
  print(p[p$op %in% c("~", ":="), c("lhs", "op", "rhs", "est", "se", "std.all")], nd = 7)
}

source(file.path(here, "constraint_cases.R"))
source(file.path(here, "fiml_cases.R"))
source(file.path(here, "ordinal_cases.R"))
source(file.path(here, "adversarial_cases.R"))
source(file.path(here, "language_cases.R"))
source(file.path(here, "least_squares_cases.R"))
source(file.path(here, "conditional_cases.R"))

argv <- commandArgs(TRUE)
action <- if (length(argv)) argv[[1]] else "check"
if (action == "extra") {
  small_sample()
  weighted_sample()
  incomplete_samples()
  ordinal_samples()
  adversarial_samples()
  chosen <- Filter(function(one) length(argv) < 2 || startsWith(one$name, argv[[2]]),
                   c(extra_cases(), constraint_cases(), fiml_cases(), ordinal_cases(), language_cases(),
                     effect_coding_cases(), composite_cases(), least_squares_cases(), conditional_cases(),
                     adversarial_cases()))
  for (one in chosen) {
    result <- collect(one[setdiff(names(one), "also")], one$also)
    write_case(result, file.path(here, "lavaan_extra"))
    cat(sprintf("%-28s n = %s, npar %d, chisq %.4f on %d df %s\n", one$name, paste(result$nobs, collapse = " + "),
                result$npar, result$fit_measures$chisq, result$fit_measures$df,
                if (is.null(result$warnings)) "" else result$warnings))
  }
} else if (action == "remake") {
  check(argv[[2]])
} else if (action == "published") {
  published_figures(argv[[2]])
} else if (!check()) {
  quit(status = 1)
}
