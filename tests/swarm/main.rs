//! Tests on real swarms. `tests/run` runs them; plain `cargo test` leaves them out, because they
//! need the laboratory of `tests/lab`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may fail, and prints what it measured"
)]

#[path = "../git/repo.rs"]
#[allow(
    dead_code,
    clippy::disallowed_methods,
    reason = "the tests of sources need more of it; a test runs git and writes files"
)]
mod repo;
#[path = "../git/server.rs"]
#[allow(
    dead_code,
    clippy::disallowed_methods,
    reason = "the tests of sources need more of it; a test's own server"
)]
mod server;
#[path = "../git/tls.rs"]
mod tls;

mod adopt;
mod anew;
mod apply;
mod beside;
mod beyond;
mod broken;
mod bystanders;
mod converge;
mod crash;
mod declared;
mod demo;
mod disaster;
mod doors;
mod git_host;
mod hand;
mod history;
mod import;
mod jobs;
mod lab;
mod laboratory;
mod leads;
mod matrix;
mod nodes;
mod operator;
mod order;
mod pinned;
mod planned;
mod process;
mod proxy;
mod quiet;
mod recover;
mod rollout;
mod running;
mod scenarios;
mod suspend;
mod traps;
mod wait;
mod world;
