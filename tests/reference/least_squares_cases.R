# Cases of least squares on continuous variables; read by make_reference.R.

least_squares_cases <- function() list(
  case("x_ls_wlsmv", hs, three_factors, "cfa", estimator = "WLSMV"),
  case("x_ls_wlsmv_means", hs, three_factors, "cfa", estimator = "WLSMV", meanstructure = TRUE),
  case("x_ls_wlsmv_groups", hs, three_factors, "cfa", estimator = "WLSMV", group = "school",
       group.equal = "loadings"),
  case("x_ls_wlsmv_scalar", hs, three_factors, "cfa", estimator = "WLSMV", group = "school",
       group.equal = c("loadings", "intercepts")),
  case("x_ls_wlsmvs", hs, three_factors, "cfa", estimator = "WLSMVS"),
  case("x_ls_dwls", hs, three_factors, "cfa", estimator = "DWLS"),
  case("x_ls_dwls_means", hs, three_factors, "cfa", estimator = "DWLS", meanstructure = TRUE),
  case("x_ls_ulsmv_groups", hs, three_factors, "cfa", estimator = "ULSMV", group = "school",
       group.equal = "loadings")
)
