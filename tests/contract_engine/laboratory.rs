//! A real swarm as a stage: three nodes of the laboratory.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use skep::clock::SystemClock;
use skep::ports::Swarm;
use skep::swarm::{EngineSwarm, Host, Options};

use crate::lab::{Lab, Node};
use crate::stage::{Deed, NODE_LABEL, Program, Stage};

const NAP: Duration = Duration::from_millis(50);

/// The swarm `three`.
pub struct Laboratory<'a> {
    lab: &'a Lab,
    swarm: EngineSwarm,
    /// Nodes that were changed and are put back at the end.
    changed: RefCell<BTreeSet<usize>>,
}

impl<'a> Laboratory<'a> {
    /// Talks to the manager.
    pub fn new(lab: &'a Lab) -> Self {
        let host: Host =
            format!("unix://{}", lab.manager("three").socket.display()).parse().unwrap();
        let options = Options::new(Arc::new(SystemClock));
        let swarm = skep::swarm::connect(&host, options).unwrap();
        Self { lab, swarm, changed: RefCell::default() }
    }

    fn manager(&self) -> &Node {
        self.lab.manager("three")
    }

    fn docker(&self, arguments: &[&str]) -> Result<(), String> {
        self.lab.try_docker(self.manager(), arguments).map(|_| ())
    }

    fn update_node(&self, number: usize, arguments: &[&str]) -> Result<(), String> {
        self.changed.borrow_mut().insert(number);
        let host = self.host(number);
        self.docker(&[&["node", "update"], arguments, &[host.as_str()]].concat())
    }
}

impl Stage for Laboratory<'_> {
    fn swarm(&self) -> &dyn Swarm {
        &self.swarm
    }

    fn image(&self, program: Program) -> String {
        match program {
            Program::Missing => format!("{}/program:missing", self.lab.registry.address),
            program => self.lab.image(program.tag()).to_owned(),
        }
    }

    fn host(&self, number: usize) -> String {
        self.lab.swarms["three"].get(number - 1).map_or_else(String::new, |node| node.name.clone())
    }

    #[expect(clippy::disallowed_methods, reason = "a real engine is waited for in real time")]
    fn nap(&self) -> BoxFuture<'_, Duration> {
        async {
            tokio::time::sleep(NAP).await;
            NAP
        }
        .boxed()
    }

    fn by_hand(&self, deed: &Deed) -> Result<(), String> {
        match deed {
            Deed::Rollback(service) => {
                self.docker(&["service", "update", "--detach", "--rollback", service])
            }
            Deed::Availability(number, word) => {
                self.update_node(*number, &["--availability", word])
            }
            Deed::Engine(number, word) => {
                self.lab.change(&["engine", &self.host(*number), word]);
                Ok(())
            }
            Deed::Label(number, value) => {
                self.update_node(*number, &["--label-add", &format!("{NODE_LABEL}={value}")])
            }
        }
    }
}

impl Drop for Laboratory<'_> {
    /// Nodes belong to all tests: they are put back, also after a failure.
    fn drop(&mut self) {
        let changed = self.changed.take();
        for number in changed {
            // An error is one of the next test, which will say more.
            let _ = self.update_node(number, &["--availability", "active"]);
            let _ = self.update_node(number, &["--label-rm", NODE_LABEL]);
        }
    }
}
