//! Observed → health of each service.
