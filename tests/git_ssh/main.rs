//! Sources over ssh, from an `sshd` that each test starts on a port of its own. It needs the
//! `openssh-server` package, which `tests/run` installs.

#![expect(clippy::disallowed_methods, reason = "tests make repositories and start servers")]
#![expect(clippy::expect_used, clippy::panic, reason = "a test that can't go on ends")]

#[path = "../git/repo.rs"]
#[expect(dead_code, reason = "shared with the tests over other protocols")]
mod repo;
mod server;

use std::path::Path;
use std::time::Duration;

use skep::model::{Ancestry, SecretBytes};
use skep::ports::{Checkout, SourceError};
use skep::source::{CredentialParts, SecretFrom, SourceSpec, SourceText, open};

use repo::{Repo, text};
use server::Sshd;

fn value(text: &str) -> Option<SecretFrom> {
    Some(SecretFrom::Value(SecretBytes::new(text.into())))
}

fn parts(key: &str, known_hosts: &str) -> CredentialParts {
    CredentialParts { key: value(key), known_hosts: value(known_hosts), ..Default::default() }
}

async fn read(repo: &Repo, url: &str, parts: CredentialParts) -> Result<Checkout, SourceError> {
    let text = SourceText { location: url, branch: Some("main"), ..Default::default() };
    let spec = SourceSpec::parse(&text, parts).expect("a good source");
    open(&spec, &repo.options()).expect("a source").read().await
}

fn left_beside(mirrors: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(mirrors).expect("mirrors");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".ssh")).collect()
}

#[tokio::test]
async fn a_deploy_key_opens_a_repository() {
    let repo = Repo::with_shop();
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let sshd = Sshd::start(&repo.beside("sshd"));
    let url = sshd.url(&repo.path());
    let key_file = repo.beside("mounted-key");
    // As secrets are mounted: readable by all, without the last line end.
    std::fs::write(&key_file, sshd.user_key().trim_end()).expect("a file");
    let key = Some(SecretFrom::File(key_file));
    let parts = CredentialParts { key, ..parts("", &sshd.known_hosts()) };
    let spec = SourceText { location: &url, branch: Some("main"), ..Default::default() };
    let spec = SourceSpec::parse(&spec, parts).expect("a good source");
    let source = open(&spec, &repo.options()).expect("a source");
    let first = source.read().await.expect("a checkout");
    assert_eq!(text(&first.files, "shop/compose.yml").as_deref(), Ok("services: {}"));
    repo.commit("shop/compose.yml", "later");
    let second = source.read().await.expect("a checkout");
    assert_eq!(text(&second.files, "shop/compose.yml").as_deref(), Ok("later"));
    assert_eq!(source.ancestry(&first.revision, &second.revision).await, Ancestry::Later);
    assert_eq!(left_beside(&repo.beside("mirrors")), Vec::<String>::new(), "a key was left");
}

#[tokio::test]
async fn another_key_and_another_host_key_are_denied() {
    let repo = Repo::with_shop();
    let sshd = Sshd::start(&repo.beside("sshd"));
    let other = Sshd::start(&repo.beside("other"));
    let url = sshd.url(&repo.path());
    let stranger = other.known_hosts().replace(&other.port(), &sshd.port());
    for (what, parts) in [
        ("another user's key", parts(&other.user_key(), &sshd.known_hosts())),
        ("another host's key", parts(&sshd.user_key(), &stranger)),
        ("an unknown host", parts(&sshd.user_key(), "# nobody\n")),
        ("no key at all", parts("not a key", &sshd.known_hosts())),
    ] {
        let result = read(&repo, &url, parts).await;
        assert!(matches!(&result, Err(SourceError::Denied { .. })), "{what}: {result:?}");
        assert!(!format!("{result:?}").contains("PRIVATE KEY"), "{result:?}");
        assert_eq!(left_beside(&repo.beside("mirrors")), Vec::<String>::new(), "{what}");
    }
}

#[tokio::test]
async fn a_missing_repository_and_a_server_that_is_gone_are_told_apart() {
    let repo = Repo::with_shop();
    let sshd = Sshd::start(&repo.beside("sshd"));
    let parts = || parts(&sshd.user_key(), &sshd.known_hosts());
    let nowhere = sshd.url(&repo.beside("none"));
    let result = read(&repo, &nowhere, parts()).await;
    assert!(matches!(&result, Err(SourceError::Missing { .. })), "{result:?}");
    let (url, parts) = (sshd.url(&repo.path()), parts());
    drop(sshd);
    let result = read(&repo, &url, parts).await;
    assert!(matches!(&result, Err(SourceError::Unreachable { .. })), "{result:?}");
}

#[tokio::test]
async fn a_server_that_never_speaks_is_unreachable() {
    let repo = Repo::with_shop();
    let sshd = Sshd::start(&repo.beside("sshd"));
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let url = format!("ssh://git@127.0.0.1:{port}/repo");
    let text = SourceText { location: &url, branch: Some("main"), ..Default::default() };
    let parts = parts(&sshd.user_key(), &sshd.known_hosts());
    let spec = SourceSpec::parse(&text, parts).expect("a good source");
    let mut options = repo.options();
    options.times.ask = Duration::from_millis(500);
    let result = open(&spec, &options).expect("a source").read().await;
    assert!(matches!(&result, Err(SourceError::Unreachable { .. })), "{result:?}");
    // The connection was made, and is closed by the other side: `ssh` was ended too.
    let (mut stream, _) = silent.accept().expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
    let mut hello = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut hello).expect("the end of the connection");
}
