//! A git host on this machine that can be down.

use crate::repo::Repo;
use crate::server::{Behaviour, Server};

/// Serves a repository over http, until dropped.
pub struct GitHost {
    server: Server,
    _runtime: tokio::runtime::Runtime,
}

impl GitHost {
    /// Starts to serve.
    pub fn of(repo: &Repo) -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let path = repo.path();
        let server = runtime.block_on(Server::http(path.parent().expect("a parent")));
        Self { server, _runtime: runtime }
    }

    /// The repository's address.
    pub fn url(&self) -> &str {
        &self.server.url
    }

    /// From now on it answers that it is out of order.
    pub fn down(&self) {
        self.server.behave(Behaviour { status: Some(503), ..Behaviour::default() });
    }

    /// It serves again.
    pub fn up(&self) {
        self.server.behave(Behaviour::default());
    }
}
