//! Names and help texts of all metrics.
