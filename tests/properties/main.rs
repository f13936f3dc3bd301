//! Properties over generated worlds: one for each law of `ARCHITECTURE.md`, and a few beside. A world
//! and a script come from a seed; what breaks a law is cut down to a short script, which is printed
//! and can be kept in `tests/properties/found/`.
//!
//! `SKEP_SEEDS` says how many seeds are tried; `tests/properties/long` tries as many as one likes.
//! Law 11, bounds of what comes from outside, is for the fuzz targets: nothing here comes from
//! outside. Law 9 is among the worlds that are compared (`same_end.rs`).

#![allow(clippy::expect_used, reason = "a test may end by panicking")]

mod ends;
mod found;
mod laws;
mod same_end;
mod script;
mod seeds;
mod stage;
mod stories;
mod tree;
mod worlds;
