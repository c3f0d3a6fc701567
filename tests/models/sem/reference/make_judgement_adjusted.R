# Difference tests, score tests, modification indices and residuals of adjusted, ordinal and incomplete fits by
# lavaan, for tests/models/sem/test_{compare,modindices,residuals}.py. Run in this folder:
#   Rscript make_judgement_adjusted.R
suppressMessages(library(lavaan))
library(jsonlite)
options(warn = -1)

hs <- read.csv("../../../reference/data/holzinger_swineford_1939.csv")
ordinal <- read.csv("../../../reference/data/holzinger_swineford_ordinal.csv")
gaps <- read.csv("../../../reference/data/holzinger_swineford_missing.csv")
nine <- paste0("x", 1:9)
cfa3 <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
equal <- "visual =~ x1 + a*x2 + a*x3\ntextual =~ x4 + b*x5 + b*x6\nspeed =~ x7 + x8 + x9"
# written so that variables stand in the order of the other models: lavaan 0.6-14 compares moments by position, and
# with x7 ... x9 before x4 says 32.3 where it is 39.3
two <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nvisual =~ x7 + x8 + x9"

fit <- function(model, estimator, kind, groups = FALSE, group.equal = character()) {
  args <- list(model = model, estimator = estimator, data = if (kind == "ordinal") ordinal else hs)
  if (kind == "ordinal") args$ordered <- nine
  if (kind == "incomplete") args <- c(args[names(args) != "data"], list(data = gaps, missing = "fiml"))
  if (groups) args <- c(args, list(group = "school"), if (length(group.equal)) list(group.equal = group.equal))
  do.call("cfa", args)
}
step <- function(free, held, ...) lavTestLRT(free, held, ...)[["Chisq diff"]][2]
methods <- c("satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000")

lrt <- list()
for (kind in c("ordinal", "continuous")) {
  names <- if (kind == "ordinal") c("WLSMV", "ULSMV", "WLSM", "ULSM", "WLS") else
    c("MLM", "MLR", "MLMV", "MLMVS", "WLSM", "WLSMV", "ULSMV")
  for (estimator in names) for (groups in c(FALSE, TRUE)) {
    free <- fit(cfa3, estimator, kind, groups)
    held <- if (groups) fit(cfa3, estimator, kind, TRUE, "loadings") else fit(equal, estimator, kind)
    found <- list(default = step(free, held))
    if (estimator %in% c("MLM", "MLR", "WLSM", "ULSM"))
      for (method in methods) found[[method]] <- step(free, held, method = method)
    if (!groups) found$two_factors <- step(free, fit(two, estimator, kind))
    if (groups && kind == "ordinal" && estimator != "WLS")
      found$thresholds <- step(free, fit(cfa3, estimator, kind, TRUE, c("loadings", "thresholds")))
    lrt[[paste(kind, estimator, if (groups) "groups" else "one")]] <- found
  }
}

score <- list()
for (case in list(c("ordinal", "WLSMV"), c("ordinal", "ULSMV"), c("ordinal", "WLS"), c("continuous", "ULS"),
                  c("continuous", "DWLS"), c("continuous", "GLS"), c("continuous", "WLS"), c("continuous", "MLR"))) {
  for (groups in c(FALSE, TRUE)) {
    held <- if (groups) fit(cfa3, case[2], case[1], TRUE, "loadings") else fit(equal, case[2], case[1])
    found <- lavTestScore(held, epc = TRUE)
    score[[paste(case[1], case[2], if (groups) "groups" else "one")]] <-
      list(total = found$test$X2, df = found$test$df, univariate = found$uni$X2)
  }
}

columns <- c("lhs", "op", "rhs", "group", "mi", "epc", "sepc.lv", "sepc.all")
indices <- function(found) {
  frame <- as.data.frame(unclass(found), stringsAsFactors = FALSE)
  frame <- frame[frame$op %in% c("=~", "~~") & frame$lhs != frame$rhs, intersect(columns, names(frame))]
  lapply(seq_len(nrow(frame)), function(i) as.list(frame[i, , drop = FALSE]))
}
mi <- list()
for (case in list(c("ordinal", "WLSMV"), c("ordinal", "ULSMV"), c("ordinal", "WLS"), c("continuous", "WLS"),
                  c("continuous", "WLSMV"), c("incomplete", "ML"), c("incomplete", "MLR"))) {
  for (groups in c(FALSE, TRUE)) {
    if (groups && case[1] == "incomplete") next
    mi[[paste(case[1], case[2], if (groups) "groups" else "one")]] <-
      indices(modindices(fit(cfa3, case[2], case[1], groups, "loadings")))
  }
}

plain <- function(x) if (is.null(x)) NULL else unname(unclass(x))
judged <- function(object, type) {
  found <- tryCatch(lavResiduals(object, type = type, drop.list.single.group = FALSE), error = conditionMessage)
  if (is.character(found)) return(found)  # lavaan has none: "could not invert h1 information matrix"
  lapply(unname(found), function(g) {
    summary <- g$summary
    list(cov = plain(g$cov), cov.z = plain(g$cov.z), mean = plain(g$mean), mean.z = plain(g$mean.z),
         th = plain(g$th), th.z = plain(g$th.z),
         summary = list(rows = rownames(summary), columns = lapply(as.list(summary), as.numeric)))
  })
}
residual <- list()
keep <- function(name, object, types = c("raw", "cor.bentler", "cor.bollen"))
  residual[[name]] <<- setNames(lapply(types, function(type) judged(object, type)), types)
for (estimator in c("WLSMV", "ULSMV", "WLS")) keep(paste("ordinal", estimator), fit(cfa3, estimator, "ordinal"))
for (estimator in c("ML", "MLM", "GLS", "ULS", "DWLS", "WLS", "WLSMV", "ULSMV"))
  keep(paste("continuous", estimator), fit(cfa3, estimator, "continuous"))
keep("continuous means", cfa(cfa3, hs, group = "school", meanstructure = TRUE))
keep("ordinal groups", fit(cfa3, "WLSMV", "ordinal", TRUE))
keep("ordinal Pasteur", cfa(cfa3, ordinal[ordinal$school == "Pasteur", ], ordered = nine, estimator = "WLSMV"))
keep("ordinal thresholds", fit(cfa3, "WLSMV", "ordinal", TRUE, c("loadings", "thresholds")))
keep("incomplete ML", fit(cfa3, "ML", "incomplete"))
keep("incomplete MLR", fit(cfa3, "MLR", "incomplete"))

# clusters that have rows in both groups: the same as if each group had its own
sampled <- read.csv("../../../reference/data/holzinger_swineford_weighted.csv")
sampled$own <- paste(sampled$school, sampled$cluster)
clusters <- list()
for (name in c("cluster", "own")) {
  free <- cfa(cfa3, sampled, group = "school", cluster = name)
  held <- cfa(cfa3, sampled, group = "school", cluster = name, group.equal = "loadings")
  clusters[[name]] <- list(difference = step(free, held), chisq.scaled = fitMeasures(held, "chisq.scaled")[[1]],
                           se = parTable(held)$se[2:3])
}

out <- list(made_by = paste("lavaan", packageVersion("lavaan"), "with", R.version.string), lrt = lrt,
            score = score, modindices = mi, residuals = residual, clusters = clusters)
write(toJSON(out, digits = 10, auto_unbox = TRUE, na = "null", pretty = FALSE), "judgement_adjusted.json")
