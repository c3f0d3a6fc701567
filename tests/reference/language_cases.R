# Cases of the model language: modifiers in all mixes, effect coding, composites; read by make_reference.R.

language_cases <- function() list(
  case("x_language_bounds", ecsi, paste0(ecsi3, "
    Loyalty ~~ lower(0)*Loyalty
    CUSA2 ~~ upper(3)*CUSA2"), note = "bounds in the text: one holds off a Heywood case"),
  case("x_language_bounds_label", hs, "
    visual =~ x1 + lower(0.6)*x2 + c(a, a2)*x2 + upper(c(1, 0.9))*x3
    textual =~ x4 + c(b, b2)*x5 + lower(0)*x6
    textual ~ c(s1, s2)*visual + start(c(0.4, 0.6))*visual
    gap := s1 - s2
    product := a*b", group = "school", note = "bounds beside labels, one a group"),
  case("x_language_mixes", hs, "
    visual =~ c(1, NA)*x1 + c(l1, l2)*x2 + start(c(0.5, 0.8))*x2 + 0.7?x3
    visual ~~ c(NA, 1)*visual
    textual =~ x4 + c(1.1, NA)*x5 + c(NA, 0.9)*x6
    textual ~ c(s, t)*visual
    x1 ~ c(NA, 4.9)*1 + c(i1, i2)*1
    x1 ~~ c(0, NA)*x4
    d := l1 - l2", group = "school", note = "fixed in one group and free in the other"),
  case("x_language_equal", hs, "
    visual =~ x1 + x2 + equal('visual=~x2')*x3
    textual =~ x4 + a*x5 + equal('a')*x6
    x1 ~~ equal('x2~~x2')*x1
    x2 ~~ x2", "cfa", note = "equal() by a parameter and by a label"),
  case("x_language_numbers", hs, "
    visual =~ x1 + (1 + 2)/6*x2 + sqrt(0.5)*x3
    textual =~ x4 + x5 + x6
    textual ~ -0.5*visual
    speed =~ x7 + x8 + x9
    speed ~ 0*visual + b*textual", note = "numbers worked out"),
  case("x_language_path", hs, "
    x4 ~ 0.4*x1 + c(b1, b2)*ageyr
    x9 ~ c(c1, c2)*x4 + x1 + ageyr
    b1 + b2 == 0.1
    indirect := b1*c1
    gap := b1*c1 - b2*c2", group = "school", note = "paths of two groups, an equation across them")
)

effect_coding_cases <- function() list(
  case("x_effect_coding", hs, three_factors, "cfa", effect.coding = TRUE, note = "loadings only, as there are no means"),
  case("x_effect_coding_means", hs, three_factors, "cfa", effect.coding = TRUE, meanstructure = TRUE),
  case("x_effect_coding_intercepts", hs, three_factors, "cfa", effect.coding = "intercepts", meanstructure = TRUE),
  case("x_effect_coding_groups", hs, three_factors, "cfa", effect.coding = "loadings", group = "school"),
  case("x_effect_coding_groups_scalar", hs, three_factors, "cfa", effect.coding = c("loadings", "intercepts"),
       group = "school", group.equal = c("loadings", "intercepts")),
  case("x_effect_coding_second_order", hs, paste0(three_factors, "\ng =~ visual + textual + speed"), "cfa",
       effect.coding = TRUE, meanstructure = TRUE),
  case("x_effect_coding_fixed", hs, "
    visual =~ a*x1 + 0.7*x2 + x3 + x9
    textual =~ x4 + x5 + x6
    x5 ~ 0.5*1
    textual ~ b*visual
    b2 := b*a", effect.coding = TRUE, meanstructure = TRUE, note = "what the user fixed is left alone"),
  case("x_effect_coding_mlr", ecsi, ecsi3, effect.coding = "loadings", estimator = "MLR"),
  case("x_effect_coding_ordinal", ordinal_data, three_factors, "cfa", ordered = nine, effect.coding = "loadings")
)

composite_cases <- function() list(
  case("x_composite_weights", composites, "
    INDEX <~ 1*IMG + 0.5*QUA + 0.3*VAL
    SAT ~ a*INDEX
    LOY ~ b*SAT + INDEX
    through := a*b", note = "an index of known weights"),
  case("x_composite_free", hs, "
    C <~ 1*x1 + x2 + x3
    textual =~ x4 + x5 + x6
    speed =~ x7 + x8 + x9
    textual ~ C
    speed ~ C", note = "weights estimated from two outcomes"),
  case("x_composite_residual", hs, "
    C <~ 1*x1 + x2 + ageyr
    C ~~ C
    textual =~ x4 + x5 + x6
    speed =~ x7 + x8 + x9
    textual ~ C
    speed ~ C
    textual ~~ 0*speed", note = "a formed construct with an error of its own"),
  case("x_composite_outcome_scale", hs, "
    C <~ a*x1 + b*x2 + x3
    textual =~ x4 + x5 + x6
    textual ~ 1*C
    ratio := a/b", meanstructure = TRUE, estimator = "MLR", note = "its unit is that of its outcome"),
  case("x_composite_factors", hs, "
    visual =~ x1 + x2 + x3
    textual =~ x4 + x5 + x6
    C <~ 1*visual + textual
    C ~~ 0*visual + 0*textual
    x9 ~ C
    x8 ~ C + x7", note = "formed by factors"),
  case("x_composite_random_x", hs, "
    C <~ 1*x1 + w*x2
    textual =~ x4 + x5 + x6
    textual ~ C + ageyr", fixed.x = FALSE, also = "vcov"),
  case("x_composite_gls", hs, "
    C <~ 1*x1 + w*x2
    textual =~ x4 + x5 + x6
    textual ~ C + ageyr", estimator = "GLS", fixed.x = FALSE),
  case("x_composite_groups", hs, "
    C <~ 1*x1 + x2 + x3
    textual =~ x4 + x5 + x6
    textual ~ c(b1, b2)*C
    gap := b1 - b2", group = "school", group.equal = c("loadings", "composite.loadings"))
)
