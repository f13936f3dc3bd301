//! What all measurements share.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::lab::Lab;
use crate::proxy::Proxy;
use crate::raw::Raw;
use crate::skep::Start;

/// The laboratory's swarm of one node, and the ways to it.
pub struct Bench {
    pub lab: Lab,
    /// The engine's socket.
    pub socket: PathBuf,
    pub raw: Raw,
    pub proxy: Proxy,
}

impl Bench {
    /// Takes the laboratory for itself.
    pub fn open() -> Self {
        let lab = Lab::alone();
        let socket = lab.manager("one").socket.clone();
        Self { raw: Raw::new(socket.clone()), proxy: Proxy::open(&socket), lab, socket }
    }

    /// The image as files name it: by tag.
    pub fn image(&self) -> String {
        format!("{}/program:1", self.lab.registry.address)
    }

    /// skep between a repository and the engine, by one of the two sockets.
    pub fn start(&self, repository: &Path, socket: &Path) -> Start {
        Start {
            repository: repository.to_owned(),
            socket: socket.to_owned(),
            logins: self.lab.logins(),
        }
    }
}

/// The middle one.
pub fn median(times: Vec<Duration>) -> Duration {
    percentile(times, 50)
}

/// The smallest time that so many of a hundred do not exceed.
pub fn percentile(mut times: Vec<Duration>, percent: usize) -> Duration {
    times.sort_unstable();
    let rank = (times.len() * percent).div_ceil(100).max(1);
    times[rank - 1]
}
