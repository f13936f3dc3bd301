//! Repositories over http and https.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use skep::model::{Ancestry, Entry, Revision, SecretBytes};
use skep::ports::{Source, SourceError};
use skep::source::{CredentialParts, Options, SecretFrom, SourceSpec, SourceText, open};

use crate::repo::{Repo, assert_missing, entry, run_git, text};
use crate::server::{Behaviour, Server};

const LIMIT: Duration = Duration::from_secs(30);

/// A repository that allows partial fetches, as the large hosts do, and its server.
async fn served(repo: &Repo) -> Server {
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    Server::http(repo.path().parent().expect("a parent")).await
}

fn at(url: &str) -> SourceText<'_> {
    SourceText { location: url, branch: Some("main"), ..Default::default() }
}

fn source(repo: &Repo, text: &SourceText<'_>, parts: CredentialParts) -> Box<dyn Source> {
    source_with(text, parts, &repo.options())
}

fn source_with(
    text: &SourceText<'_>,
    parts: CredentialParts,
    options: &Options,
) -> Box<dyn Source> {
    let spec = SourceSpec::parse(text, parts).expect("a good source");
    open(&spec, options).expect("a source")
}

fn plain(repo: &Repo, server: &Server) -> Box<dyn Source> {
    source(repo, &at(&server.url), CredentialParts::default())
}

fn value(text: &str) -> Option<SecretFrom> {
    Some(SecretFrom::Value(SecretBytes::new(text.into())))
}

fn login(user: &str, password: &str) -> CredentialParts {
    CredentialParts { user: value(user), password: value(password), ..Default::default() }
}

/// Number of requests of one kind.
fn count(asked: &[String], kind: &str) -> usize {
    asked.iter().filter(|asked| *asked == kind).count()
}

fn mirror(repo: &Repo) -> PathBuf {
    std::fs::read_dir(repo.beside("mirrors"))
        .expect("mirrors")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|ending| ending == "git"))
        .expect("a mirror")
}

/// Whether an object is in the mirror, without fetching it.
fn has(repo: &Repo, id: &str) -> bool {
    let list = ["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"];
    run_git(&mirror(repo), &list, &[]).lines().any(|line| line == id)
}

#[tokio::test]
async fn an_unchanged_remote_costs_one_question() {
    let repo = Repo::with_shop();
    let server = served(&repo).await;
    let source = plain(&repo, &server);
    source.read().await.expect("a checkout");
    server.asked();
    for _ in 0..3 {
        source.read().await.expect("a checkout");
        assert_eq!(server.asked(), ["info", "ls-refs"]);
    }
    // Also for another process with the same mirror.
    plain(&repo, &server).read().await.expect("a checkout");
    assert_eq!(server.asked(), ["info", "ls-refs"]);
}

#[tokio::test]
async fn history_comes_without_old_files_and_wanted_files_in_one_request() {
    let repo = Repo::with_shop();
    for number in 0..30 {
        std::fs::write(repo.path().join(format!("{number}.yml")), number.to_string())
            .expect("a file");
    }
    repo.commit("shop/compose.yml", "old content");
    let old = repo.git(&["rev-parse", "HEAD:shop/compose.yml"]);
    let first = Revision::Commit(repo.head());
    repo.commit("shop/compose.yml", "new content");
    let server = served(&repo).await;
    let source = plain(&repo, &server);
    let checkout = source.read().await.expect("a checkout");
    assert_eq!(text(&checkout.files, "shop/compose.yml").as_deref(), Ok("new content"));
    assert_eq!(checkout.files.len(), 31);
    assert_eq!(source.ancestry(&first, &checkout.revision).await, Ancestry::Later);
    // One for the branch, one for the commit's history, one for all files.
    assert_eq!(count(&server.asked(), "fetch"), 2);
    assert!(!has(&repo, &old), "an old file was fetched");

    repo.commit("shop/compose.yml", "third content");
    let checkout = source.read().await.expect("a checkout");
    assert_eq!(text(&checkout.files, "shop/compose.yml").as_deref(), Ok("third content"));
    assert_eq!(count(&server.asked(), "fetch"), 1, "a change comes with its commit");
}

#[tokio::test]
async fn only_the_files_below_the_path_are_fetched() {
    let repo = Repo::with_shop();
    repo.commit("other/x", "elsewhere");
    let other = repo.git(&["rev-parse", "HEAD:other/x"]);
    let server = served(&repo).await;
    let text = SourceText { path: Some("shop"), ..at(&server.url) };
    let checkout = source(&repo, &text, CredentialParts::default()).read().await;
    assert_eq!(checkout.expect("a checkout").files.len(), 1);
    assert!(!has(&repo, &other), "a file of another directory was fetched");
}

#[tokio::test]
async fn a_large_file_does_not_even_travel() {
    let repo = Repo::with_shop();
    std::fs::write(repo.path().join("large.bin"), vec![0; 2 << 20]).expect("a file");
    std::fs::write(repo.path().join("edge.bin"), vec![0; 1 << 20]).expect("a file");
    repo.commit("x", "x");
    let server = served(&repo).await;
    let source = plain(&repo, &server);
    let checkout = source.read().await.expect("a checkout");
    let large = entry(&checkout, "large.bin");
    assert!(matches!(&large, Some(Entry::Unreadable(why)) if why.contains("larger")), "{large:?}");
    assert!(matches!(entry(&checkout, "edge.bin"), Some(Entry::File(_))));
    assert!(!has(&repo, &repo.git(&["rev-parse", "HEAD:large.bin"])));
}

#[tokio::test]
async fn servers_without_filters_or_with_few_serve_all_the_same() {
    let repo = Repo::with_shop();
    let server = Server::http(repo.path().parent().expect("a parent")).await;
    for setting in ["none", "uploadpackfilter.blob:limit.allow", "uploadpackfilter.allow"] {
        if setting != "none" {
            repo.git(&["config", "uploadpack.allowFilter", "true"]);
            repo.git(&["config", setting, "false"]);
        }
        let mut options = repo.options();
        options.mirrors = repo.beside(&format!("mirrors-{setting}"));
        let source = source_with(&at(&server.url), CredentialParts::default(), &options);
        let checkout = source.read().await.unwrap_or_else(|error| panic!("{setting}: {error}"));
        assert!(text(&checkout.files, "shop/compose.yml").is_ok(), "{setting}");
        let id = repo.commit("shop/compose.yml", setting);
        let checkout = source.read().await.unwrap_or_else(|error| panic!("{setting}: {error}"));
        assert_eq!(checkout.revision, Revision::Commit(id), "{setting}");
        assert_eq!(text(&checkout.files, "shop/compose.yml").as_deref(), Ok(setting));
    }
}

#[tokio::test]
async fn an_exact_commit_is_fetched_by_its_id_and_never_asked_for_again() {
    let repo = Repo::with_shop();
    let id = repo.head();
    repo.commit("shop/compose.yml", "later");
    let server = served(&repo).await;
    let text = SourceText { branch: None, commit: Some(&id), ..at(&server.url) };
    let source = source(&repo, &text, CredentialParts::default());
    let checkout = source.read().await.expect("a checkout");
    assert_eq!(checkout.revision, Revision::Commit(id));
    server.asked();
    source.read().await.expect("a checkout");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_password_opens_and_a_wrong_one_is_denied_without_being_shown() {
    let repo = Repo::with_shop();
    let server = served(&repo).await;
    let login_wanted = Some(("deploy".to_owned(), "CANARY/pa ss".to_owned()));
    let behaviour = Behaviour { login: login_wanted, ..Default::default() };
    // The look at arguments finds what is in them: the address is.
    server.behave(Behaviour { canary: Some(server.url.clone()), ..behaviour.clone() });
    source(&repo, &at(&server.url), login("deploy", "CANARY/pa ss")).read().await.expect("read");
    assert!(server.asked().iter().any(|asked| asked.starts_with("seen")));
    server.behave(Behaviour { canary: Some("CANARY".into()), ..behaviour });
    let good = source(&repo, &at(&server.url), login("deploy", "CANARY/pa ss"));
    good.read().await.expect("a checkout");
    let asked = server.asked();
    assert!(!asked.iter().any(|asked| asked.starts_with("seen")), "{asked:?}");

    let in_url = server.url.replace("http://", "http://deploy:CANARY%2Fpa%20ss@");
    source(&repo, &at(&in_url), CredentialParts::default()).read().await.expect("a checkout");
    let wrong_url = server.url.replace("http://", "http://deploy:CANARY2@");
    for wrong in [
        source(&repo, &at(&server.url), login("deploy", "CANARY2")),
        source(&repo, &at(&wrong_url), CredentialParts::default()),
        source(&repo, &at(&server.url), CredentialParts::default()),
    ] {
        let result = wrong.read().await;
        assert!(matches!(&result, Err(SourceError::Denied { .. })), "{result:?}");
        let encoded = STANDARD.encode("deploy:CANARY2");
        let shown = format!("{result:?}");
        assert!(!shown.contains("CANARY") && !shown.contains(&encoded), "{shown}");
    }
}

#[tokio::test]
async fn a_token_comes_from_a_file_that_may_change() {
    let repo = Repo::with_shop();
    let server = served(&repo).await;
    let file = repo.beside("token");
    let token = Some(SecretFrom::File(file.clone()));
    let parts = CredentialParts { token, ..Default::default() };
    let source = source(&repo, &at(&server.url), parts);
    let result = source.read().await;
    assert!(matches!(&result, Err(SourceError::Denied { .. })), "{result:?}");
    for (user, password, token) in [
        ("x-access-token", "first", "first"),
        ("x-access-token", "second", "second"),
        ("deploy", "third:", "deploy:third:"),
    ] {
        let login = Some((user.to_owned(), password.to_owned()));
        server.behave(Behaviour { login, ..Default::default() });
        std::fs::write(&file, format!("{token}\n")).expect("a file");
        source.read().await.expect("a checkout");
    }
}

#[tokio::test]
async fn https_needs_a_certificate_that_is_trusted() {
    let repo = Repo::with_shop();
    let server = Server::https(repo.path().parent().expect("a parent")).await;
    let result = plain(&repo, &server).read().await;
    assert!(matches!(&result, Err(SourceError::Denied { .. })), "{result:?}");
    let ca = repo.beside("ca.pem");
    std::fs::write(&ca, server.ca.as_deref().expect("a certificate")).expect("a file");
    let spec = SourceSpec::parse(&at(&server.url), CredentialParts::default());
    let spec = spec.expect("a good source").with_ca_file(Some(ca));
    let checkout = open(&spec, &repo.options()).expect("a source").read().await;
    assert_eq!(checkout.expect("a checkout").files.len(), 1);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let repo = Repo::with_shop();
    let (server, other) = (served(&repo).await, served(&repo).await);
    let to = other.url.trim_end_matches("/repo").to_owned();
    server.behave(Behaviour { redirect: Some(to), ..Default::default() });
    let result = source(&repo, &at(&server.url), login("u", "secret")).read().await;
    assert_missing(result, "redirects are not followed");
    assert!(other.asked().is_empty(), "the credentials went elsewhere");
}

#[tokio::test]
async fn what_a_host_answers_becomes_a_condition() {
    let repo = Repo::with_shop();
    let server = served(&repo).await;
    let source = plain(&repo, &server);
    source.read().await.expect("a checkout");
    for (status, expected) in [(404, "Missing"), (403, "Denied"), (503, "Unreachable")] {
        server.behave(Behaviour { status: Some(status), ..Default::default() });
        let error = source.read().await.map(drop).expect_err("an error");
        assert!(format!("{error:?}").starts_with(expected), "{status}: {error:?}");
    }
    for garbage in ["<html>", "", "001e# service=git-upload-pack\n0000zzzz", "ffff"] {
        server.behave(Behaviour { garbage: Some(garbage.to_owned()), ..Default::default() });
        assert!(source.read().await.is_err(), "{garbage}");
    }
    server.behave(Behaviour::default());
    assert!(source.read().await.is_ok());
}

#[tokio::test]
async fn a_host_that_lists_refs_for_ever_is_cut_off() {
    let repo = Repo::with_shop();
    let server = served(&repo).await;
    server.behave(Behaviour { endless: true, ..Default::default() });
    let result = plain(&repo, &server).read().await;
    // Not by the time limit, which is long here.
    assert!(matches!(&result, Err(SourceError::Broken { .. })), "{result:?}");
}

#[tokio::test]
async fn many_fetches_do_not_leave_many_packs() {
    let repo = Repo::with_shop();
    let server = served(&repo).await;
    let source = plain(&repo, &server);
    let first = source.read().await.expect("a checkout").revision;
    for number in 0..33 {
        repo.commit("shop/compose.yml", &number.to_string());
        source.read().await.expect("a checkout");
    }
    let packs = std::fs::read_dir(mirror(&repo).join("objects/pack")).expect("packs");
    let packs = packs.flatten().filter(|file| file.path().extension().is_some_and(|e| e == "pack"));
    assert!(packs.count() < 10);
    let last = source.read().await.expect("a checkout").revision;
    assert_eq!(source.ancestry(&first, &last).await, Ancestry::Later);
}

#[tokio::test]
async fn a_host_that_is_down_is_unreachable() {
    let repo = Repo::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let url = format!("http://127.0.0.1:{port}/repo");
    let result = source(&repo, &at(&url), CredentialParts::default()).read().await;
    assert!(matches!(&result, Err(SourceError::Unreachable { .. })), "{result:?}");
}

#[tokio::test]
async fn with_the_host_down_another_process_gets_what_was_fetched_before() {
    let repo = Repo::with_shop();
    let server = served(&repo).await;
    let newest = plain(&repo, &server).read().await.expect("a checkout");
    assert_eq!(newest.stale, None);
    server.behave(Behaviour { status: Some(503), ..Default::default() });
    let source = plain(&repo, &server);
    let left = source.read().await.expect("what is left");
    assert!(matches!(&left.stale, Some(SourceError::Unreachable { .. })), "{left:?}");
    assert_eq!((&left.revision, &left.files), (&newest.revision, &newest.files));
    // Only the first answer of a process is worth it; then the error is what is new.
    let again = source.read().await;
    assert!(matches!(&again, Err(SourceError::Unreachable { .. })), "{again:?}");
    server.behave(Behaviour::default());
    assert_eq!(source.read().await.expect("a checkout"), newest);
}

#[tokio::test]
async fn a_silent_host_is_unreachable_and_its_connections_are_ended() {
    let repo = Repo::with_shop();
    let mut server = served(&repo).await;
    server.behave(Behaviour { hang: true, ..Default::default() });
    let mut options = repo.options();
    options.times.ask = Duration::from_millis(500);
    let source = source_with(&at(&server.url), CredentialParts::default(), &options);
    let result = source.read().await;
    assert!(matches!(&result, Err(SourceError::Unreachable { .. })), "{result:?}");
    // git itself and the program that it started for http are gone.
    let given_up = tokio::time::timeout(LIMIT, server.given_up.recv()).await;
    assert_eq!(given_up, Ok(Some(())));
}

#[tokio::test]
async fn a_reader_that_is_given_up_ends_its_processes() {
    let repo = Repo::with_shop();
    let mut server = served(&repo).await;
    server.behave(Behaviour { hang: true, ..Default::default() });
    let source = plain(&repo, &server);
    let limit = Duration::from_millis(500);
    assert!(tokio::time::timeout(limit, source.read()).await.is_err());
    let given_up = tokio::time::timeout(LIMIT, server.given_up.recv()).await;
    assert_eq!(given_up, Ok(Some(())));
    server.behave(Behaviour::default());
    assert!(source.read().await.is_ok());
}

#[tokio::test]
async fn half_a_fetch_is_unreachable_and_leaves_nothing() {
    let repo = Repo::with_shop();
    let random: Vec<u8> =
        (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(repo.path().join("noise"), random).expect("a file");
    repo.commit("x", "x");
    let server = Server::http(repo.path().parent().expect("a parent")).await;
    let source = plain(&repo, &server);
    server.behave(Behaviour { cut: Some(20_000), ..Default::default() });
    for _ in 0..3 {
        let result = source.read().await;
        assert!(matches!(&result, Err(SourceError::Unreachable { .. })), "{result:?}");
    }
    server.behave(Behaviour::default());
    let checkout = source.read().await.expect("a checkout");
    assert_eq!(text(&checkout.files, "x").as_deref(), Ok("x"));
    let packs = std::fs::read_dir(mirror(&repo).join("objects/pack")).expect("packs");
    for pack in packs {
        let name = pack.expect("an entry").file_name();
        assert!(!name.to_string_lossy().starts_with("tmp_"), "{name:?} was left");
    }
}
