//! A swarm with its own registry and git host on it, as one repository declares it, and its end.

#![expect(clippy::disallowed_methods, reason = "a test makes files and runs programs")]

use std::collections::BTreeSet;
use std::fs;

use crate::image;
use crate::lab::{Claim, Lab, Node};
use crate::repo::{Repo, run_git};
use crate::traces::{Traces, trusted};

/// Registry and git host. Images are named by tag: nothing could fetch a digest when this begins.
const INFRA: &str = "\
services:
  registry:
    image: REGISTRY/infra/registry:1
    entrypoint: [docker-registry, serve, /etc/registry.yml]
    ports: [{target: 5443, published: 5443, mode: host}]
    configs:
      - {source: settings, target: /etc/registry.yml}
      - {source: certificate, target: /etc/registry.crt}
    secrets: [{source: registry-key, target: registry.key}]
    volumes: [registry:/var/lib/registry]
    deploy: {placement: {constraints: [node.hostname == NODE]}}
  git:
    image: REGISTRY/infra/git:1
    entrypoint: [git-host, /srv/git, infra.git]
    stop_grace_period: 1s
    ports: [{target: 8080, published: 3000, mode: host}]
    volumes: [git:/srv/git]
    deploy: {placement: {constraints: [node.hostname == NODE]}}
configs:
  settings: {file: registry.yml}
  certificate: {file: registry.crt}
secrets:
  registry-key: {external: true, name: PREFIX-registry-key}
volumes: {registry: {}, git: {}}
x-skep: {rollout: {min_healthy: 1s}}
";

const SETTINGS: &str = "\
version: 0.1
log: {level: info}
storage:
  filesystem: {rootdirectory: /var/lib/registry}
http:
  addr: 0.0.0.0:5443
  tls: {certificate: /etc/registry.crt, key: /run/secrets/registry.key}
";

/// Its image is fetched from that registry, by nodes that only git gives their label.
const SHOP: &str = "\
services:
  web:
    image: REGISTRY/shop/web:1
    networks: [front]
    configs: [motd]
    secrets: [password, token]
    deploy:
      replicas: 2
      placement: {constraints: [node.labels.home == PREFIX, node.role == worker]}
      update_config: {monitor: 1s}
  api:
    image: REGISTRY/shop/api:1
    networks: [front]
networks: {front: {}}
configs: {motd: {file: motd.txt}}
secrets:
  password: {file: password.txt}
  token: {external: true, name: PREFIX-token}
x-skep: {rollout: {min_healthy: 1s}}
";

const NODES: &str = "\
apiVersion: skep/v1
kind: Node
metadata: {name: shop}
spec:
  match: {hostname: three-?}
  labels: {home: PREFIX}
";

/// The swarm of three, what its repository says, and what is kept outside of it.
pub struct Site<'a> {
    /// The laboratory.
    pub lab: &'a Lab,
    /// The nodes; the first manages, and registry and git host run there.
    pub nodes: &'a [Node],
    /// The work tree of somebody who works on the repository: all that is left of it.
    pub clone: Repo,
    /// Secrets that are not in git, by name.
    pub secrets: Vec<(String, Vec<u8>)>,
    /// What certificates of the registry are checked with, PEM.
    certificate: String,
    /// What is copied each night.
    copies: tempfile::TempDir,
    /// The beginning of all names.
    pub claim: Claim<'a>,
    traces: Traces<'a>,
}

impl<'a> Site<'a> {
    /// The repository and the certificate; nothing runs yet.
    pub fn new(lab: &'a Lab) -> Self {
        let claim = lab.claim("three", "home");
        let nodes = &lab.swarms["three"][..];
        let prefix = claim.prefix.clone();
        let made = rcgen::generate_simple_self_signed([nodes[0].address.clone()]);
        let made = made.expect("a certificate");
        let secrets = vec![
            (format!("{prefix}-registry-key"), made.signing_key.serialize_pem().into_bytes()),
            (format!("{prefix}-token"), b"from the password store".to_vec()),
        ];
        let site = Self {
            lab,
            nodes,
            clone: Repo::new(),
            secrets,
            certificate: made.cert.pem(),
            copies: tempfile::tempdir().expect("a directory"),
            claim,
            traces: Traces { lab, nodes, prefix },
        };
        site.commit();
        site
    }

    fn commit(&self) {
        let (infra, shop) = (self.stack("infra"), self.stack("shop"));
        self.clone.write("nodes.yml", &self.filled(NODES));
        self.clone.write(&format!("{infra}/registry.yml"), SETTINGS);
        self.clone.write(&format!("{infra}/registry.crt"), &self.certificate);
        self.clone.write(&format!("{infra}/compose.yml"), &self.filled(INFRA));
        self.clone.write(&format!("{shop}/motd.txt"), "welcome\n");
        self.clone.write(&format!("{shop}/password.txt"), "open sesame");
        self.clone.write(&format!("{shop}/compose.yml"), &self.filled(SHOP));
        let chart = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/skep/stack.yml");
        let chart = fs::read_to_string(chart).expect("the chart");
        self.clone.write("skep/stack.yml", &chart);
        let variables = format!(
            "SKEP_SOURCE={}\nSKEP_IMAGE={}\nSKEP_OBSERVE=\nSKEP_INTERVAL=1s\n",
            self.git(),
            self.image("infra/skep")
        );
        self.clone.commit("skep/.env", &variables);
    }

    fn filled(&self, text: &str) -> String {
        text.replace("REGISTRY", &self.registry())
            .replace("NODE", &self.nodes[0].name)
            .replace("PREFIX", &self.claim.prefix)
    }

    /// A stack's name, which is its folder's.
    pub fn stack(&self, name: &str) -> String {
        format!("{}-{name}", self.claim.prefix)
    }

    /// Where the registry answers.
    fn registry(&self) -> String {
        format!("{}:5443", self.nodes[0].address)
    }

    /// The repository at the git host.
    pub fn git(&self) -> String {
        format!("http://{}:3000/infra.git", self.nodes[0].address)
    }

    /// An image of that registry.
    pub fn image(&self, name: &str) -> String {
        format!("{}/{name}:1", self.registry())
    }

    /// Runs docker on the manager.
    pub fn docker(&self, words: &[&str]) -> String {
        self.lab.docker(&self.nodes[0], words)
    }

    /// Images of registry, git host and shop, on the manager.
    pub fn build(&self) {
        let (lab, node) = (self.lab, &self.nodes[0]);
        lab.base_image(node);
        let git_host = image::program("git_host.rs");
        let registry = fs::read("/usr/bin/docker-registry").expect("the registry's program");
        let made = |name: &str, (path, program): (&str, &[u8])| {
            image::derive(lab, node, (&self.image(name), image::BASE), (path, program));
        };
        made("infra/git", ("/usr/local/bin/git-host", &git_host));
        made("infra/registry", ("/usr/local/bin/docker-registry", &registry));
        self.docker(&["tag", lab.image("1"), &self.image("shop/web")]);
        self.docker(&["tag", lab.image("2"), &self.image("shop/api")]);
    }

    /// Every node trusts the registry, as the set-up of a machine says.
    pub fn trust(&self) {
        for folder in trusted(self.nodes) {
            fs::create_dir_all(&folder).expect("a directory");
            fs::write(folder.join("ca.crt"), &self.certificate).expect("a file");
        }
    }

    /// Makes a secret that is not in git.
    pub fn make_secret(&self, (name, content): &(String, Vec<u8>)) {
        let file = self.copies.path().join("secret");
        fs::write(&file, content).expect("a file");
        self.docker(&["secret", "create", name, file.to_str().expect("text")]);
        fs::remove_file(file).expect("the file goes");
    }

    /// `docker push` of an image of that registry.
    pub fn push_image(&self, name: &str) {
        self.docker(&["push", "--quiet", &self.image(name)]);
    }

    /// `git push`, from the clone.
    pub fn push(&self) {
        for what in ["--all", "--tags"] {
            run_git(&self.clone.path(), &["push", "--quiet", &self.git(), what], &[]);
        }
    }

    /// skep's own commands in a container on the manager, with the clone at `/clone`: exit code
    /// and output.
    pub fn skep(&self, words: &[&str]) -> (Option<i32>, String) {
        let clone = format!("{}:/clone:ro", self.clone.path().display());
        let socket = "/var/run/docker.sock:/var/run/docker.sock";
        let run = ["run", "--rm", "--user", "0:0", "--volume", socket, "--volume", &clone];
        let mut docker = self.lab.client(&self.nodes[0]);
        docker.args(run).arg(self.image("infra/skep")).args(words);
        let output = docker.output().expect("docker");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    }

    /// What is copied each night: the images that everything begins with, and the registry's volume.
    pub fn copy(&self) {
        let copies = self.copies.path().to_str().expect("text");
        let first = ["infra/registry", "infra/git", "infra/skep"].map(|name| self.image(name));
        let save = ["save", "--output", &format!("{copies}/images.tar")];
        self.docker(&[&save[..], &first.each_ref().map(String::as_str)].concat());
        self.tar(["--create", "--file", "/copies/registry.tar", "."]);
    }

    /// The images that everything begins with, and the registry's volume, on a new machine.
    pub fn restore(&self) {
        let images = self.copies.path().join("images.tar");
        self.docker(&["load", "--quiet", "--input", images.to_str().expect("text")]);
        self.tar(["--extract", "--file", "/copies/registry.tar", "."]);
    }

    /// tar in a container that has the registry's volume and the copies.
    fn tar(&self, words: [&str; 4]) {
        let volume = format!("{}_registry:/volume", self.stack("infra"));
        let copies = format!("{}:/copies", self.copies.path().display());
        let run = ["run", "--rm", "--volume", &volume, "--volume", &copies, "--workdir", "/volume"];
        let image = ["--entrypoint", "tar", &self.image("infra/registry")];
        self.docker(&[&run[..], &image, &words].concat());
    }

    /// Containers of services on the manager.
    pub fn containers(&self) -> BTreeSet<String> {
        let tasks = ["ps", "--quiet", "--filter", "label=com.docker.swarm.task"];
        self.docker(&tasks).lines().map(str::to_owned).collect()
    }

    /// All machines of the swarm are lost: raft, containers, volumes, and the images of this swarm's
    /// registry. Those of the laboratory stay, for the next test.
    pub fn lose(&self) {
        for node in self.nodes {
            self.lab.change(&["engine", &node.name, "kill"]);
        }
        for node in self.nodes {
            let raft = self.lab.dir.join(&node.name).join("data/swarm");
            fs::remove_dir_all(raft).expect("the raft goes");
            self.lab.change(&["engine", &node.name, "start"]);
        }
        self.traces.wipe().expect("nothing is left");
    }

    /// A new swarm of the same machines.
    pub fn init(&self) {
        let (first, others) = self.nodes.split_first().expect("nodes");
        self.docker(&["swarm", "init", "--advertise-addr", &first.address]);
        let token = self.docker(&["swarm", "join-token", "--quiet", "worker"]);
        for node in others {
            let manager = format!("{}:2377", first.address);
            self.lab.docker(node, &["swarm", "join", "--token", &token, &manager]);
        }
    }

    /// Services with their images, and networks, secrets and configs, by name.
    pub fn inventory(&self) -> Vec<String> {
        let list = |kind| self.docker(&[kind, "ls", "--format", "{{.Name}}"]);
        let own = |name: &&str| name.starts_with(&self.claim.prefix) || name.starts_with("skep_");
        let image = |name: &str| {
            let format = "{{.Spec.Name}} {{.Spec.TaskTemplate.ContainerSpec.Image}}";
            self.docker(&["service", "inspect", "--format", format, name])
        };
        let mut all: Vec<String> = list("service").lines().filter(own).map(image).collect();
        for kind in ["network", "secret", "config"] {
            all.extend(list(kind).lines().filter(own).map(|name| format!("{kind} {name}")));
        }
        all.sort();
        all
    }
}
