# Makes polychoric.json: sample statistics and Γ of ordinal and mixed data by lavaan, and the data it read them from.
# Run from this folder:  DATA=<folder with holzinger_swineford_ordinal.csv, holzinger_swineford_1939.csv and
# ecsi_mobile.csv> Rscript make_polychoric.R
# Needs R with lavaan (0.6-14 was used) and jsonlite. The tests only read the JSON.
suppressMessages({library(lavaan); library(jsonlite)})
folder <- Sys.getenv("DATA")
read <- function(name) read.csv(file.path(folder, name))
hs <- read("holzinger_swineford_ordinal.csv")
measured <- read("holzinger_swineford_1939.csv")
ecsi <- read("ecsi_mobile.csv")
items <- paste0("x", 1:9)

mixed <- hs[, items]; mixed$x2 <- measured$x2; mixed$x5 <- measured$x5; mixed$x9 <- measured$x9
binary <- as.data.frame(lapply(hs[, items], function(x) as.integer(x > 2)))
names(binary) <- items
skewed <- as.data.frame(lapply(hs[1:80, items], function(x) as.integer(x > 1) + as.integer(x > 3)))
skewed$x1 <- as.integer(hs$x1[1:80] > 1); skewed$x4 <- as.integer(hs$x4[1:80] > 3) + 1L
names(skewed) <- items
weight <- rep(c(0.5, 1, 2, 1.3), length.out = nrow(hs))
lone <- data.frame(a = rep(c(1, 2, 1, 2), c(20, 0, 10, 25)), b = rep(c(1, 1, 2, 2), c(20, 0, 10, 25)))
lone$c <- rep(1:2, length.out = nrow(lone))
rare <- data.frame(a = rep(c(1, 2, 1, 2), c(0, 20, 10, 25)), b = rep(c(1, 1, 2, 2), c(0, 20, 10, 25)))
rare$c <- rep(1:2, length.out = nrow(rare))
ecsi20 <- setdiff(names(ecsi), c("CUEX1", "CUEX2", "CUEX3", "CUSCO"))

rows_of_gamma <- function(g, all) if (all) seq_len(nrow(g)) else round(seq(1, nrow(g), length.out = 12))
one <- function(data, names, ordered, all = TRUE, keep_data = TRUE, w = NULL, group = NULL) {
  used <- data[, names]
  if (!is.null(w)) used$w <- w
  if (!is.null(group)) used$g <- group
  fit <- suppressWarnings(cfa(paste("f =~", paste(names, collapse = " + ")), used, ordered = ordered,
    estimator = "WLSMV", do.fit = FALSE, sampling.weights = if (is.null(w)) NULL else "w",
    group = if (is.null(group)) NULL else "g"))
  many <- function(x) if (is.null(group)) list(x) else x
  stat <- many(lavInspect(fit, "wls.obs")); gamma <- many(lavInspect(fit, "gamma"))
  groups <- lapply(seq_along(stat), function(i) {
    g <- unclass(gamma[[i]]); at <- rows_of_gamma(g, all)
    list(labels = names(stat[[i]]), statistics = as.numeric(stat[[i]]), gamma_at = at - 1L,
         gamma_rows = unname(round(g[at, , drop = FALSE], 9)), gamma_diagonal = unname(diag(g)))
  })
  out <- list(names = names, ordered = ordered, groups = groups)
  if (keep_data) out$data <- unname(as.matrix(data[, names]))
  if (!is.null(w)) out$weights <- w
  if (!is.null(group)) { out$group <- group; out$labels <- lavInspect(fit, "group.label") }
  out
}

cases <- list(
  hs_ordinal = one(hs, items, items),
  hs_mixed = one(mixed, items, setdiff(items, c("x2", "x5", "x9"))),
  hs_weighted = one(hs, items[1:5], items[1:5], w = weight),
  hs_mixed_weighted = one(mixed, items[1:6], c("x1", "x3", "x4", "x6"), w = weight),
  hs_binary = one(binary, items, items),
  hs_skewed_80 = one(skewed, items, items),
  hs_schools = one(hs, items[1:6], items[1:6], group = hs$school),
  hs_schools_weighted = one(mixed, items[1:4], c("x1", "x3", "x4"), w = weight, group = hs$school),
  lone_empty_cell = one(lone, c("a", "b", "c"), c("a", "b", "c")),
  other_empty_cell = one(rare, c("a", "b", "c"), c("a", "b", "c")),
  ecsi20 = one(ecsi, ecsi20, ecsi20, all = FALSE)
)
write_json(list(engine = paste("lavaan", packageVersion("lavaan"), "WLSMV sample statistics"), cases = cases),
           "polychoric.json", auto_unbox = TRUE, digits = 10)
