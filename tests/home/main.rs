//! skep at home in a swarm: the image of the Dockerfile, installed by `docker stack deploy` of
//! `charts/skep/stack.yml` on a manager of three nodes, as the README says. `tests/run` runs them;
//! plain `cargo test` leaves them out, because they need the laboratory of `tests/lab`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may fail, and prints what it measured"
)]

#[path = "../swarm/lab.rs"]
mod lab;
#[path = "../swarm/matrix.rs"]
mod matrix;
#[path = "../git/repo.rs"]
#[allow(dead_code, clippy::disallowed_methods, reason = "the tests of sources need more of it")]
mod repo;
#[path = "../git/server.rs"]
#[allow(dead_code, clippy::disallowed_methods, reason = "the tests of sources need more of it")]
mod server;
#[path = "../git_ssh/server.rs"]
#[allow(dead_code, clippy::disallowed_methods, reason = "the tests of ssh need more of it")]
mod sshd;
#[path = "../git/tls.rs"]
mod tls;

mod credentials;
mod disaster;
mod first;
mod image;
mod install;
mod itself;
mod site;
mod traces;
