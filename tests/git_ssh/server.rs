//! A private `sshd`, with keys of its own, for the user who runs the tests.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running `sshd`; ended when dropped.
pub struct Sshd {
    dir: PathBuf,
    address: String,
    port: u16,
    user: String,
    child: Child,
}

impl Sshd {
    /// Starts one on loopback, with its files in a directory that this makes.
    pub fn start(dir: &Path) -> Self {
        Self::start_at("127.0.0.1", dir)
    }

    /// The same at an address of this machine.
    pub fn start_at(address: &str, dir: &Path) -> Self {
        std::fs::create_dir(dir).expect("a directory");
        for key in ["host", "user"] {
            run(Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(dir.join(key)));
        }
        let user = run(Command::new("id").arg("-un"));
        // Where a server that is run by root locks itself in; the package's service makes it.
        if user == "root" {
            std::fs::create_dir_all("/run/sshd").expect("the directory that sshd wants");
        }
        for _ in 0..20 {
            let port = free_port(address);
            if let Some(child) = serve(dir, (address, port)) {
                return Self {
                    dir: dir.to_owned(),
                    address: address.to_owned(),
                    port,
                    user,
                    child,
                };
            }
        }
        panic!("sshd found no free port");
    }

    /// The address of a repository on it.
    pub fn url(&self, path: &Path) -> String {
        format!("ssh://{}@{}:{}{}", self.user, self.address, self.port, path.display())
    }

    pub fn port(&self) -> String {
        self.port.to_string()
    }

    /// The private key that it lets in.
    pub fn user_key(&self) -> String {
        std::fs::read_to_string(self.dir.join("user")).expect("a key")
    }

    /// The line that makes it known.
    pub fn known_hosts(&self) -> String {
        let key = std::fs::read_to_string(self.dir.join("host.pub")).expect("a key");
        format!("[{}]:{} {key}", self.address, self.port)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the server and waits until it listens; nothing when the port was taken meanwhile.
fn serve(dir: &Path, (address, port): (&str, u16)) -> Option<Child> {
    let path = |name: &str| dir.join(name).display().to_string();
    let config = format!(
        "ListenAddress {address}:{port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n\
         KbdInteractiveAuthentication no\n",
        path("host"),
        path("user.pub"),
    );
    std::fs::write(dir.join("config"), config).expect("a file");
    let program =
        ["/usr/sbin/sshd", "/usr/bin/sshd"].into_iter().find(|path| Path::new(path).exists());
    let mut child = Command::new(program.expect("sshd of the package openssh-server"))
        .args(["-D", "-e", "-f"])
        .arg(dir.join("config"))
        .stderr(Stdio::piped())
        .spawn()
        .expect("sshd");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let listens = lines.any(|line| line.expect("UTF-8").contains("Server listening on"));
    // It goes on talking: without a reader it would end.
    std::thread::spawn(move || lines.for_each(drop));
    if listens {
        return Some(child);
    }
    child.wait().expect("its end");
    None
}

fn free_port(address: &str) -> u16 {
    let listener = std::net::TcpListener::bind((address, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program");
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}
