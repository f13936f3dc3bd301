//! The distribution registry, as a process of this test on loopback.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Certificate, Client};

pub const USER: &str = "lab";
pub const PASSWORD: &str = "let-me-in";
/// What `htpasswd -nbB lab let-me-in` prints: the registry takes bcrypt only.
const HTPASSWD: &str = "lab:$2b$05$abcdefghijklmnopqrstuu3Jd./u/rH1RxB6auX5v7gLP6uWhKCgG\n";

/// A running registry; ended when dropped.
pub struct Distribution {
    /// `localhost:PORT`.
    pub address: String,
    /// The certificate to trust, in PEM.
    pub ca: String,
    /// How to talk to it.
    pub client: Client,
    dir: tempfile::TempDir,
    child: Child,
    /// Lines of its log that were told already.
    told: Mutex<usize>,
}

impl Distribution {
    /// Starts one and waits until it answers.
    pub async fn start() -> Self {
        for _ in 0..20 {
            if let Some(registry) = Self::at(free_port()).await {
                return registry;
            }
        }
        panic!("docker-registry found no free port, or is not installed");
    }

    async fn at(port: u16) -> Option<Self> {
        let dir = tempfile::tempdir().expect("a directory");
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        let made = made.expect("a certificate");
        let (ca, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let files = [("server.crt", ca.as_str()), ("server.key", &key), ("htpasswd", HTPASSWD)];
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).expect("a file");
        }
        std::fs::write(dir.path().join("config.yml"), config(dir.path(), port)).expect("a file");
        let log =
            || std::fs::File::options().append(true).create(true).open(dir.path().join("log"));
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(dir.path().join("config.yml"))
            .env_clear()
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdin(Stdio::null())
            .stdout(log().expect("a log"))
            .stderr(log().expect("a log"))
            .spawn()
            .expect("docker-registry, which tests/lab/install installs");
        let _ = rustls::crypto::ring::default_provider().install_default();
        let trusted = Certificate::from_pem(ca.as_bytes()).expect("a certificate");
        let client = Client::builder().tls_certs_only([trusted]).no_proxy().build();
        let client = client.expect("a client");
        let address = format!("localhost:{port}");
        let told = Mutex::new(0);
        let mut registry = Self { address, ca, client, dir, child, told };
        registry.answers().await.then_some(registry)
    }

    /// Whether it is up; false when it ended.
    async fn answers(&mut self) -> bool {
        loop {
            if self.client.get(self.url("")).send().await.is_ok() {
                return true;
            }
            if self.child.try_wait().expect("a child").is_some() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// An address below `/v2/`.
    pub fn url(&self, path: &str) -> String {
        format!("https://{}/v2/{path}", self.address)
    }

    /// The login, as a header.
    pub fn login() -> String {
        format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")))
    }

    /// What it was asked since the last look, as its access log has it: `GET /v2/ 401`.
    pub fn asked(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.dir.path().join("log")).expect("a log");
        let lines: Vec<String> = log.lines().filter_map(access).collect();
        let mut told = self.told.lock().expect("no panic");
        let new = lines[*told..].to_vec();
        *told = lines.len();
        new
    }
}

impl Drop for Distribution {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `127.0.0.1 - - [time] "GET /v2/ HTTP/2.0" 401 87 "" "skep/0.1.0"`.
fn access(line: &str) -> Option<String> {
    let mut quoted = line.split('"');
    let (before, request, after) = (quoted.next()?, quoted.next()?, quoted.next()?);
    let request = request.rsplit_once(" HTTP/")?.0;
    let status = after.split_whitespace().next()?;
    before.contains(" - ").then(|| format!("{request} {status}"))
}

fn config(dir: &Path, port: u16) -> String {
    let dir = dir.display();
    format!(
        "version: 0.1
log: {{accesslog: {{disabled: false}}, level: error}}
storage:
  filesystem: {{rootdirectory: {dir}/data}}
auth:
  htpasswd: {{realm: lab, path: {dir}/htpasswd}}
http:
  addr: localhost:{port}
  tls: {{certificate: {dir}/server.crt, key: {dir}/server.key}}
"
    )
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
