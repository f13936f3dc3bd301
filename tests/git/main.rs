//! Sources against real repositories and real servers on this machine.

#![expect(clippy::disallowed_methods, reason = "tests make repositories and start servers")]
#![expect(clippy::expect_used, clippy::panic, reason = "a test that can't go on ends")]

mod hostile;
mod http;
mod local;
mod repo;
mod server;
mod tls;
