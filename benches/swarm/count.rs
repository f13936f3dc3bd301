//! What goes over the socket, counted at the tests' door in front of it.

use crate::proxy::{Proxy, Request};

/// What went through.
#[derive(Debug, Default, Clone)]
pub struct Counts {
    pub reads: usize,
    pub writes: usize,
    /// Questions that the engine asks a registry for the caller.
    pub registry: usize,
}

/// What went through after a mark.
pub fn since(proxy: &Proxy, mark: usize) -> Counts {
    let mut counts = Counts::default();
    for request in proxy.requests(mark) {
        *counts.field(&request) += 1;
    }
    counts
}

impl Counts {
    fn field(&mut self, request: &Request) -> &mut usize {
        match request {
            _ if request.is_write() => &mut self.writes,
            _ if request.target.starts_with("/distribution/") => &mut self.registry,
            _ => &mut self.reads,
        }
    }
}
