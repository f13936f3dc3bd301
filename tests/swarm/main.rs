//! Tests on real swarms. `tests/run` runs them; plain `cargo test` leaves them out, because they
//! need the laboratory of `tests/lab`.

mod lab;
mod laboratory;
