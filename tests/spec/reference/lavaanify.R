# Writes lavaanify.json: the parameter tables that lavaan makes of the models in cases.json.
# Run in this folder with R >= 4.2, lavaan 0.6 and jsonlite:  Rscript lavaanify.R
# R is never needed to run the tests.
suppressMessages({library(lavaan); library(jsonlite)})
cases <- fromJSON("cases.json", simplifyVector = FALSE)
pick <- function(x, default) if (is.null(x)) default else x
table_of <- function(case) {
  defaults <- pick(case$defaults, "sem"); auto <- defaults != "none"
  args <- list(case$text, model.type = defaults, meanstructure = pick(case$meanstructure, defaults == "growth"),
               int.ov.free = defaults == "sem", int.lv.free = defaults == "growth",
               orthogonal = pick(case$orthogonal, FALSE), std.lv = pick(case$std_lv, FALSE),
               fixed.x = pick(case$fixed_x, TRUE), auto.fix.first = auto && !pick(case$std_lv, FALSE),
               auto.fix.single = auto, auto.var = auto, auto.cov.lv.x = auto, auto.cov.y = auto,
               auto.th = auto, auto.delta = auto, ngroups = pick(case$groups, 1L),
               group.equal = unlist(case$group_equal), group.partial = unlist(case$group_partial))
  if (defaults == "none") args$model.type <- "sem"
  warned <- character(0)
  rows <- withCallingHandlers(do.call(lavaanify, args[!vapply(args, is.null, TRUE)]),
    warning = function(w) { warned <<- c(warned, gsub("\\s+", " ", conditionMessage(w))); invokeRestart("muffleWarning") })
  names <- function(type) I(as.character(lavNames(rows, type)))
  list(rows = rows[, intersect(c("lhs", "op", "rhs", "user", "group", "free", "ustart", "exo", "label", "plabel"), colnames(rows))],
       observed = names("ov"), latent = names("lv"), exogenous = names("ov.x"),
       latent_exogenous = names("lv.x"), latent_endogenous = names("lv.y"), warned = I(warned))
}
out <- lapply(cases, table_of)
writeLines(toJSON(list(lavaan = as.character(packageVersion("lavaan")), tables = out), auto_unbox = TRUE, na = "null",
                  digits = 15, dataframe = "rows", pretty = FALSE), "lavaanify.json")
