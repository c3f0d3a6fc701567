# Writes respondents.csv and the weights that the R package survey (4.1-1) gives them, as R's own numbers.
#   Rscript make_weights.R
library(survey)
options(digits = 17)
set.seed(20261121)
n <- 240
d <- data.frame(
  id = seq_len(n),
  region = sample(c("North", "South", "East"), n, TRUE, c(.5, .3, .2)),
  age = sample(c("18-34", "35-54", "55+"), n, TRUE, c(.5, .35, .15)),
  sex = sample(c("f", "m"), n, TRUE, c(.65, .35)),
  base = round(runif(n, .5, 2.5), 2)
)
d$SAT <- sample(1:10, n, TRUE)
N <- 1000
population <- list(
  region = data.frame(region = c("North", "South", "East"), Freq = N * c(.35, .4, .25)),
  age = data.frame(age = c("18-34", "35-54", "55+"), Freq = N * c(.28, .34, .38)),
  sex = data.frame(sex = c("f", "m"), Freq = N * c(.51, .49))
)
raked <- function(weights) {
  design <- svydesign(~1, weights = weights, data = d)
  out <- rake(design, list(~region, ~age, ~sex), population, control = list(maxit = 500, epsilon = 1e-12))
  w <- weights(out)
  w / mean(w)
}
d$raked <- raked(rep(1, n))
d$raked_from_base <- raked(d$base)
cells <- expand.grid(region = c("North", "South", "East"), sex = c("f", "m"))
cells$Freq <- c(180, 210, 120, 170, 190, 130)
post <- function(weights) {
  w <- weights(postStratify(svydesign(~1, weights = weights, data = d), ~region + sex, cells))
  w / mean(w)
}
d$post <- post(rep(1, n))
d$post_from_base <- post(d$base)
# bounded raking: multipliers between 0.5 and 3 of equal base weights, by the truncated distance of
# Deville, Saerndal and Sautory (1993), solved here by Newton steps on the calibration equations
X <- model.matrix(~ region + age + sex, d)
T <- c(1, .4, .35, .34, .38, .49) * n  # levels sorted: East, North, South
names(T) <- colnames(X)
T["regionNorth"] <- .35 * n; T["regionSouth"] <- .4 * n
lambda <- rep(0, ncol(X))
bounds <- c(.5, 3)
for (i in 1:200) {
  eta <- as.vector(exp(X %*% lambda))
  w <- pmin(pmax(eta, bounds[1]), bounds[2])
  inner <- eta > bounds[1] & eta < bounds[2]
  gap <- T - colSums(w * X)
  lambda <- lambda + as.vector(solve(crossprod(X[inner, ], w[inner] * X[inner, ]), gap))
  if (max(abs(gap)) < 1e-10) break
}
stopifnot(max(abs(gap)) < 1e-10)
d$bounded <- w
write.csv(d, "respondents.csv", row.names = FALSE, quote = FALSE)
