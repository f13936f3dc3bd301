//! The stack `skep` on the swarm of three, deployed and removed by docker's own client.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use crate::image;
use crate::lab::{Lab, Node, within};

/// Longest that anything may take until it is there.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// An installation of skep. All of it goes when this is dropped, also what skep keeps in the swarm.
pub struct Install<'a> {
    lab: &'a Lab,
    /// The manager that everything is said to.
    pub node: &'a Node,
    secrets: RefCell<Vec<String>>,
}

impl<'a> Install<'a> {
    /// Nothing is installed yet; the image is there under a name.
    pub fn with_image(lab: &'a Lab, name: &str) -> Self {
        let node = lab.manager("three");
        image::build(lab, node, name);
        Self { lab, node, secrets: RefCell::default() }
    }

    /// `VARIABLES docker stack deploy -c charts/skep/FILE … skep`, and nothing else in the
    /// environment. Returns when a container with these settings runs.
    pub fn deploy(&self, files: &[&str], variables: &[(&str, &str)]) {
        let before = self.container();
        let charts = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/skep");
        let mut docker = self.lab.client(self.node);
        docker.args(["stack", "deploy", "--with-registry-auth"]);
        for file in files {
            docker.arg("-c").arg(charts.join(file));
        }
        docker.arg("skep").envs(variables.iter().copied());
        let output = docker.output().expect("docker");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.replaced(before.as_deref());
    }

    /// The container that runs now.
    pub fn container(&self) -> Option<String> {
        self.containers(&[]).pop()
    }

    /// Waits until another container runs than before.
    pub fn replaced(&self, before: Option<&str>) {
        let new = || self.container().is_some_and(|id| before != Some(id.as_str()));
        assert!(within(PATIENCE, new), "{}", self.why());
    }

    /// Waits until docker calls the container healthy.
    pub fn healthy(&self) {
        let healthy = || !self.containers(&["--filter", "health=healthy"]).is_empty();
        assert!(within(PATIENCE, healthy), "not healthy: {}", self.why());
    }

    /// Waits until the log of the container that runs now has a line with all these words.
    pub fn says(&self, words: &[&str]) {
        let said = |line: &str| words.iter().all(|word| line.contains(word));
        let found = || self.logs().lines().any(said);
        assert!(within(PATIENCE, found), "never said {words:?}: {}", self.why());
    }

    /// What the container that runs now has printed.
    pub fn logs(&self) -> String {
        let Some(id) = self.container() else { return String::new() };
        let output = self.lab.client(self.node).args(["logs", &id]).output().expect("docker");
        [output.stdout, output.stderr]
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .concat()
    }

    /// `docker exec CONTAINER …`
    pub fn exec(&self, words: &[&str]) -> Result<String, String> {
        let id = self.container().ok_or_else(|| "no container runs".to_owned())?;
        self.lab.try_docker(self.node, &[&["exec", &id], words].concat())
    }

    /// A secret, from a file.
    pub fn secret(&self, name: &str, content: &[u8]) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::io::Write::write_all(&mut file.as_file(), content).expect("a written file");
        let path = file.path().to_str().expect("a plain path");
        self.lab.docker(self.node, &["secret", "create", name, path]);
        self.secrets.borrow_mut().push(name.to_owned());
    }

    /// `docker stack rm skep`. Returns when its containers are gone.
    pub fn remove(&self) -> Result<(), String> {
        let mut last = Ok(String::new());
        // It does not wait for the tasks, and the engine keeps a network until they have been told to end.
        within(PATIENCE, || {
            last = self.lab.try_docker(self.node, &["stack", "rm", "skep"]);
            !last.as_ref().is_err_and(|why| why.contains("is in use by task"))
        });
        last?;
        let listed = ["--all", "--no-trunc"];
        let gone = within(PATIENCE, || {
            let networks =
                ["network", "ls", "--quiet", "--filter", "label=com.docker.stack.namespace=skep"];
            let network = self.lab.try_docker(self.node, &networks);
            self.containers(&listed).is_empty() && network.is_ok_and(|left| left.is_empty())
        });
        if gone { Ok(()) } else { Err("the stack skep does not go".to_owned()) }
    }

    /// What `docs/ledger.md` says of a skep that leaves, and what docker leaves of the stack.
    fn remove_all(&self) -> Result<(), String> {
        self.remove()?;
        let ledgers = ["config", "ls", "--quiet", "--filter", "label=skep.ledger=skep"];
        let keys = ["config", "ls", "--quiet", "--filter", "label=skep.key=skep"];
        let leases = ["config", "ls", "--quiet", "--filter", "label=skep.lease=skep"];
        let stable = ["config", "ls", "--quiet", "--filter", "label=skep.stable=skep"];
        for list in [ledgers, keys, leases, stable] {
            for id in self.lab.try_docker(self.node, &list)?.lines() {
                self.lab.try_docker(self.node, &["config", "rm", id])?;
            }
        }
        for name in self.secrets.take() {
            self.lab.try_docker(self.node, &["secret", "rm", &name])?;
        }
        self.lab.try_docker(self.node, &["volume", "rm", "--force", "skep_data"]).map(drop)
    }

    fn containers(&self, more: &[&str]) -> Vec<String> {
        let words = ["ps", "--quiet", "--filter", "label=com.docker.swarm.service.name=skep_skep"];
        let ids = self.lab.try_docker(self.node, &[&words, more].concat());
        ids.unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn why(&self) -> String {
        let tasks = self.lab.try_docker(self.node, &["service", "ps", "--no-trunc", "skep_skep"]);
        format!("{tasks:?}\n{}", self.logs())
    }
}

impl Drop for Install<'_> {
    fn drop(&mut self) {
        let removed = self.remove_all();
        // A second panic would hide the first.
        assert!(removed.is_ok() || std::thread::panicking(), "skep is left behind: {removed:?}");
    }
}
