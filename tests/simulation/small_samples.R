#!/usr/bin/env Rscript
# lavaan's half of the 1,000 small studies. R is never needed to run the tests.
#
#   PYTHONPATH=.. python -m simulation.small_samples FOLDER    write the data and the models
#   Rscript small_samples.R FOLDER                             write small_samples_lavaan.csv beside this file
#
# Needs: R >= 4.2, lavaan (0.6-14 made the stored values), jsonlite. Written from lavaan's documentation.

suppressMessages({
  library(lavaan)
  library(jsonlite)
})
args <- commandArgs(TRUE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
models <- fromJSON(file.path(args[1], "models.json"))
rows <- list()
for (way in c("default", "standard bounds")) for (study in names(models)) {
  data <- read.csv(file.path(args[1], paste0(study, ".csv")))
  bounds <- if (way == "default") "none" else "standard"
  fit <- try(suppressWarnings(sem(models[[study]], data = data, bounds = bounds)), silent = TRUE)
  converged <- !inherits(fit, "try-error") && lavInspect(fit, "converged")
  admissible <- converged && suppressWarnings(lavInspect(fit, "post.check"))
  chisq <- if (converged) unname(fitMeasures(fit, "chisq")) else NA
  rows[[length(rows) + 1]] <- data.frame(study = as.integer(study), way = way, converged = converged,
                                         admissible = admissible, chisq = round(chisq, 6))
}
out <- do.call(rbind, rows)
out$converged <- ifelse(out$converged, "True", "False")
out$admissible <- ifelse(out$admissible, "True", "False")
write.csv(out, file.path(here, "small_samples_lavaan.csv"), row.names = FALSE, quote = FALSE, na = "")
