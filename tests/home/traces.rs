//! What a swarm with a registry of its own leaves on its nodes, and what happened to its objects.

#![expect(clippy::disallowed_methods, reason = "a test reads files and runs programs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

use crate::lab::{Lab, Node};

/// What such a swarm leaves on its nodes. It goes when this is dropped, after the services.
pub struct Traces<'a> {
    /// The laboratory.
    pub lab: &'a Lab,
    /// Its nodes; the registry is on the first.
    pub nodes: &'a [Node],
    /// The beginning of the names of its volumes.
    pub prefix: String,
}

/// Where each node keeps what it trusts this registry by, as seen from here.
pub fn trusted(nodes: &[Node]) -> Vec<PathBuf> {
    let name = format!("{}:5443", nodes[0].address);
    let etc = |node: &Node| format!("/proc/{}/root/etc/docker/certs.d", node.pid);
    nodes.iter().map(|node| Path::new(&etc(node)).join(&name)).collect()
}

impl Traces<'_> {
    /// Containers, volumes and images on all nodes.
    pub fn wipe(&self) -> Result<(), String> {
        let volumes = ["--quiet", "--filter", "name=skep_data", "--filter"];
        let named = format!("name={}", self.prefix);
        let volumes = [&volumes[..], &[&named]].concat();
        // By their names: one of them may be an image of the laboratory as well.
        let images = format!("reference={}:5443/*/*", self.nodes[0].address);
        let reference =
            "{{.Repository}}{{if eq .Tag \"<none>\"}}@{{.Digest}}{{else}}:{{.Tag}}{{end}}";
        let kinds: [(&str, &[&str], &[&str]); 3] = [
            ("container", &["--all", "--quiet"], &["--force", "--volumes"]),
            ("volume", &volumes, &[]),
            ("image", &["--digests", "--format", reference, "--filter", &images], &[]),
        ];
        for node in self.nodes {
            for (kind, which, how) in kinds {
                let found = self.lab.try_docker(node, &[&[kind, "ls"], which].concat())?;
                let found: Vec<_> = found.lines().collect();
                if !found.is_empty() {
                    self.lab.try_docker(node, &[&[kind, "rm"], how, &found].concat())?;
                }
            }
        }
        Ok(())
    }

    /// What is wiped, the trust in the registry, and labels of nodes.
    fn remove_all(&self) -> Result<(), String> {
        self.wipe()?;
        for folder in trusted(self.nodes) {
            let _ = fs::remove_dir_all(folder);
        }
        for node in self.nodes {
            let words = ["node", "update", "--label-rm", "home", &node.name];
            self.lab.try_docker(&self.nodes[0], &words)?;
        }
        Ok(())
    }
}

impl Drop for Traces<'_> {
    fn drop(&mut self) {
        let removed = self.remove_all();
        // A second panic would hide the first.
        assert!(removed.is_ok() || std::thread::panicking(), "it is left behind: {removed:?}");
    }
}

/// What happened to objects of a swarm, while this is there.
pub struct Events {
    child: Child,
    log: tempfile::NamedTempFile,
}

impl Events {
    /// From now on.
    pub fn of(lab: &Lab, node: &Node) -> Self {
        let log = tempfile::NamedTempFile::new().expect("a file");
        let format = "{{.Type}} {{.Action}} {{.Actor.Attributes.name}}";
        let words = ["events", "--filter", "scope=swarm", "--format", format];
        let mut docker = lab.client(node);
        docker.args(words).stdout(log.reopen().expect("the file"));
        Self { child: docker.spawn().expect("docker"), log }
    }

    /// Lines like `service create NAME`, but for what skep remembers.
    pub fn seen(&self) -> Vec<String> {
        let told = fs::read_to_string(self.log.path()).expect("the file");
        let own = |line: &&str| line.contains(" skep.") || line.contains("skep-skep-key");
        told.lines().filter(|line| !own(line)).map(str::to_owned).collect()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
