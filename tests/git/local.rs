//! Repositories on this machine, by their path.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use skep::model::{Ancestry, RepoPath, Revision};
use skep::ports::SourceError;
use skep::source::{CredentialParts, Manner, SourceSpec, SourceText, open};

use crate::repo::{Repo, assert_missing, listing, run_git, spec, text};

const BRANCH: SourceText<'_> = SourceText {
    location: "",
    reference: None,
    branch: Some("main"),
    tag: None,
    commit: None,
    path: None,
};

#[tokio::test]
async fn a_branch_a_tag_a_commit_and_a_path_are_read() {
    let repo = Repo::with_shop();
    let first = repo.head();
    repo.git(&["tag", "--annotate", "--message", "one", "v1"]);
    let second = repo.commit("other/x", "x");
    repo.git(&["tag", "light"]);
    for (source, revision, files) in [
        (BRANCH, &second, 2),
        (SourceText { branch: None, tag: Some("v1"), ..BRANCH }, &first, 1),
        (SourceText { branch: None, reference: Some("light"), ..BRANCH }, &second, 2),
        (SourceText { branch: None, commit: Some(&first), ..BRANCH }, &first, 1),
        (SourceText { path: Some("other"), ..BRANCH }, &second, 1),
    ] {
        let checkout = repo.source(&source).read().await.expect("a checkout");
        assert_eq!(checkout.revision, Revision::Commit(revision.clone()), "{source:?}");
        assert_eq!(checkout.files.len(), files, "{source:?}");
    }
    let checkout = repo.source(&BRANCH).read().await.expect("a checkout");
    assert_eq!(checkout.subject, "change other/x");
    assert_eq!(text(&checkout.files, "shop/compose.yml").as_deref(), Ok("services: {}"));
    let below = SourceText { path: Some("shop"), ..BRANCH };
    let below = repo.source(&below).read().await.expect("a checkout");
    assert_eq!(listing(&below), ["compose.yml: File(12 bytes)"]);
}

#[tokio::test]
async fn an_unchanged_repository_gives_the_same_files() {
    let repo = Repo::with_shop();
    let source = repo.source(&BRANCH);
    let first = source.read().await.expect("a checkout");
    let second = source.read().await.expect("a checkout");
    assert!(Arc::ptr_eq(&first.files, &second.files));
    repo.commit("a", "b");
    let third = source.read().await.expect("a checkout");
    assert_eq!(third.files.len(), 2);
}

#[tokio::test]
async fn later_commits_are_later_and_a_force_push_is_rewritten() {
    let repo = Repo::with_shop();
    let source = repo.source(&BRANCH);
    let first = source.read().await.expect("a checkout").revision;
    repo.commit("a", "1");
    repo.commit("a", "2");
    let third = source.read().await.expect("a checkout").revision;
    assert_eq!(source.ancestry(&first, &third).await, Ancestry::Later);
    assert_eq!(source.ancestry(&third, &first).await, Ancestry::Rewritten);
    assert_eq!(source.ancestry(&third, &third).await, Ancestry::Same);
    repo.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    repo.commit("b", "1");
    let forced = source.read().await.expect("a checkout").revision;
    assert_eq!(source.ancestry(&third, &forced).await, Ancestry::Rewritten);
    assert_eq!(source.ancestry(&first, &forced).await, Ancestry::Later);
}

#[tokio::test]
async fn a_lost_mirror_still_tells_rewritten_from_later() {
    let repo = Repo::with_shop();
    let first = Revision::Commit(repo.head());
    repo.commit("a", "1");
    let gone = Revision::Commit(repo.head());
    repo.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    repo.commit("b", "1");
    let source = repo.source(&BRANCH);
    let unread = source.ancestry(&first, &gone).await;
    assert_eq!(unread, Ancestry::Unknown, "nothing was fetched yet");
    let now = source.read().await.expect("a checkout").revision;
    assert_eq!(source.ancestry(&first, &now).await, Ancestry::Later);
    assert_eq!(source.ancestry(&gone, &now).await, Ancestry::Rewritten);
    let odd = Revision::Commit("--all".to_owned());
    assert_eq!(source.ancestry(&odd, &now).await, Ancestry::Unknown);
    assert_eq!(source.ancestry(&Revision::Tree("x".into()), &now).await, Ancestry::Unordered);
}

#[tokio::test]
async fn a_shallow_repository_is_read_and_its_order_unknown() {
    let repo = Repo::with_shop();
    let first = Revision::Commit(repo.head());
    repo.commit("a", "1");
    let url = format!("file://{}", repo.path().display());
    let shallow = repo.beside("shallow");
    let target = shallow.to_str().expect("UTF-8");
    run_git(&repo.path(), &["clone", "--quiet", "--depth=1", &url, target], &[]);
    let source = repo.source(&SourceText { location: target, ..BRANCH });
    let now = source.read().await.expect("a checkout");
    assert_eq!(now.files.len(), 2);
    assert_eq!(source.ancestry(&first, &now.revision).await, Ancestry::Unknown);
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let repo = Repo::with_shop();
    repo.git(&["checkout", "--quiet", "-b", "feature"]);
    let feature = SourceText { branch: Some("feature"), ..BRANCH };
    let source = repo.source(&feature);
    source.read().await.expect("a checkout");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.git(&["branch", "--quiet", "-D", "feature"]);
    assert_missing(source.read().await, "there is no branch 'feature'");

    let tag = SourceText { branch: None, tag: Some("v1"), ..BRANCH };
    assert_missing(repo.source(&tag).read().await, "there is no tag 'v1'");
    let id = "0123456789".repeat(4);
    let commit = SourceText { branch: None, commit: Some(&id), ..BRANCH };
    assert_missing(repo.source(&commit).read().await, "no branch or tag");
    let path = SourceText { path: Some("none"), ..BRANCH };
    assert_missing(repo.source(&path).read().await, "the path 'none' is not there");
    let file = SourceText { path: Some("shop/compose.yml"), ..BRANCH };
    assert_missing(repo.source(&file).read().await, "is a file");
}

#[tokio::test]
async fn an_empty_repository_and_an_empty_commit_are_told_apart() {
    let repo = Repo::new();
    let by_commit = spec_by_commit(&repo);
    let source = open(&by_commit, &repo.options()).expect("a source");
    assert_missing(source.read().await, "empty");
    repo.git(&["commit", "--quiet", "--allow-empty", "--message", "nothing"]);
    let checkout = source.read().await.expect("a checkout");
    assert!(checkout.files.is_empty());
    assert!(matches!(checkout.revision, Revision::Commit(_)));
}

fn spec_by_commit(repo: &Repo) -> SourceSpec {
    let path = repo.path();
    let text = SourceText { location: path.to_str().expect("UTF-8"), ..Default::default() };
    spec(&text).with_manner(Manner::ByCommit)
}

#[tokio::test]
async fn a_work_tree_is_read_as_it_lies_or_by_commit() {
    let repo = Repo::with_shop();
    std::fs::write(repo.path().join("new.yml"), "x").expect("a file");
    let path = repo.path();
    let text = SourceText { location: path.to_str().expect("UTF-8"), ..Default::default() };
    let lies = open(&spec(&text), &repo.options()).expect("a source");
    let lies = lies.read().await.expect("a checkout");
    assert!(matches!(lies.revision, Revision::Tree(_)));
    assert_eq!(listing(&lies), ["new.yml: File(1 bytes)", "shop/compose.yml: File(12 bytes)"]);
    let committed = open(&spec_by_commit(&repo), &repo.options()).expect("a source");
    let committed = committed.read().await.expect("a checkout");
    assert_eq!(listing(&committed), ["shop/compose.yml: File(12 bytes)"]);
}

#[tokio::test]
async fn a_directory_inside_a_work_tree_is_a_path_of_its_repository() {
    let repo = Repo::with_shop();
    let path = repo.path().join("shop");
    let text = SourceText { location: path.to_str().expect("UTF-8"), ..Default::default() };
    let text = SourceText { reference: Some("main"), ..text };
    let checkout = repo.source(&text).read().await.expect("a checkout");
    assert_eq!(listing(&checkout), ["compose.yml: File(12 bytes)"]);
}

#[tokio::test]
async fn a_linked_work_tree_and_a_bare_repository_are_repositories() {
    let repo = Repo::with_shop();
    repo.git(&["worktree", "add", "--quiet", "-b", "side", "../side"]);
    let side = repo.beside("side");
    run_git(&side, &["rm", "--quiet", "-r", "shop"], &[]);
    run_git(&side, &["commit", "--quiet", "--message", "nothing left"], &[]);
    let text = SourceText { location: side.to_str().expect("UTF-8"), ..Default::default() };
    let by_commit = spec(&text).with_manner(Manner::ByCommit);
    let source = open(&by_commit, &repo.options()).expect("a source");
    assert!(source.read().await.expect("a checkout").files.is_empty());

    let bare = repo.beside("bare.git");
    let target = bare.to_str().expect("UTF-8");
    run_git(&repo.path(), &["clone", "--quiet", "--bare", ".", target], &[]);
    let text = SourceText { location: target, ..Default::default() };
    let checkout = repo.source(&text).read().await.expect("a checkout");
    assert_eq!(listing(&checkout), ["shop/compose.yml: File(12 bytes)"]);
}

#[tokio::test]
async fn a_sha256_repository_is_read_and_may_replace_another() {
    let repo = Repo::with_shop();
    let source = repo.source(&BRANCH);
    source.read().await.expect("a checkout");
    std::fs::remove_dir_all(repo.path().join(".git")).expect("no repository");
    repo.git(&["init", "--quiet", "--initial-branch=main", "--object-format=sha256"]);
    let id = repo.commit("a", "b");
    assert_eq!(id.len(), 64);
    let checkout = source.read().await.expect("a checkout");
    assert_eq!(checkout.revision, Revision::Commit(id));
    assert_eq!(checkout.files.len(), 2);
}

#[tokio::test]
async fn a_branch_that_becomes_a_directory_of_branches_is_no_conflict() {
    let repo = Repo::with_shop();
    repo.git(&["branch", "a"]);
    let source = repo.source(&SourceText { branch: Some("a"), ..BRANCH });
    source.read().await.expect("a checkout");
    repo.git(&["branch", "-D", "a"]);
    repo.git(&["branch", "a/b"]);
    let source = repo.source(&SourceText { branch: Some("a/b"), ..BRANCH });
    source.read().await.expect("a checkout");
}

#[tokio::test]
async fn a_broken_mirror_is_made_anew() {
    let repo = Repo::with_shop();
    repo.source(&BRANCH).read().await.expect("a checkout");
    let mirror = std::fs::read_dir(repo.beside("mirrors"))
        .expect("mirrors")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|ending| ending == "git"))
        .expect("a mirror");
    let damages: [&dyn Fn(); 5] = [
        &|| std::fs::write(mirror.join("config"), "[broken").expect("a write"),
        &|| std::fs::remove_dir_all(mirror.join("objects")).expect("removed"),
        &|| std::fs::remove_file(mirror.join("HEAD")).expect("removed"),
        &|| {
            std::fs::remove_dir_all(mirror.join("objects")).expect("removed");
            std::fs::create_dir(mirror.join("objects")).expect("made");
        },
        &|| {
            std::fs::remove_dir_all(&mirror).expect("removed");
            std::fs::write(&mirror, "a file").expect("a write");
        },
    ];
    for (number, damage) in damages.iter().enumerate() {
        damage();
        let result = repo.source(&BRANCH).read().await;
        assert!(result.is_ok(), "damage {number}: {result:?}");
    }
}

#[tokio::test]
async fn two_sources_with_one_mirror_do_not_disturb_each_other() {
    let repo = Repo::with_shop();
    repo.git(&["branch", "other"]);
    let (one, two) =
        (repo.source(&BRANCH), repo.source(&SourceText { branch: Some("other"), ..BRANCH }));
    for round in 0..5 {
        repo.commit("a", &round.to_string());
        let (one, two) = tokio::join!(one.read(), two.read());
        assert_eq!(one.expect("a checkout").revision, Revision::Commit(repo.head()));
        assert_eq!(two.expect("a checkout").files.len(), 1);
    }
}

#[tokio::test]
async fn a_mirror_that_another_process_holds_is_waited_for() {
    let repo = Repo::with_shop();
    repo.source(&BRANCH).read().await.expect("a checkout");
    let lock = std::fs::read_dir(repo.beside("mirrors"))
        .expect("mirrors")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|ending| ending == "lock"))
        .expect("a lock");
    let held = std::fs::File::open(lock).expect("the lock");
    held.lock().expect("the lock is free");
    let mut options = repo.options();
    options.times.fetch = Duration::from_millis(100);
    let path = repo.path();
    let text = SourceText { location: path.to_str().expect("UTF-8"), ..BRANCH };
    let source = open(&spec(&text), &options).expect("a source");
    let result = source.read().await;
    assert!(matches!(&result, Err(SourceError::Unreachable { .. })), "{result:?}");
    drop(held);
    assert!(source.read().await.is_ok());
}

#[tokio::test]
async fn commits_branches_and_packed_refs_are_hinted() {
    let repo = Repo::with_shop();
    let source = open(&spec_by_commit(&repo), &repo.options()).expect("a source");
    let mut hints = source.changes();
    let limit = Duration::from_secs(20);
    let mut last = source.read().await.expect("a checkout").revision;
    for change in ["commit", "pack", "switch"] {
        match change {
            "commit" => drop(repo.commit("a", "1")),
            "pack" => {
                repo.commit("a", "2");
                repo.git(&["pack-refs", "--all"]);
            }
            _ => {
                repo.git(&["checkout", "--quiet", "-b", "other", "HEAD~1"]);
            }
        }
        let mut now = last.clone();
        while now == last {
            let hint = tokio::time::timeout(limit, hints.next()).await;
            assert_eq!(hint, Ok(Some(())), "{change}");
            now = source.read().await.expect("a checkout").revision;
        }
        last = now;
    }
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_missing() {
    let repo = Repo::new();
    let options = repo.options();
    let none = repo.beside("none");
    let location = none.to_str().expect("UTF-8");
    let text = SourceText { location, ..BRANCH };
    let result = open(&spec(&text), &options).map(drop);
    assert!(matches!(result, Err(SourceError::Missing { .. })), "{result:?}");
    std::fs::create_dir(&none).expect("a directory");
    let result = open(&spec(&text), &options).map(drop);
    assert!(result.is_err_and(|error| error.to_string().contains("no git repository")));
    let url = format!("file://{location}");
    let text = SourceText { location: &url, ..Default::default() };
    let spec = SourceSpec::parse(&text, CredentialParts::default()).expect("a good source");
    assert!(open(&spec, &options).is_err());
}

#[tokio::test]
async fn files_around_the_path_of_a_source_can_be_named_and_are_no_declarations() {
    let repo = Repo::with_shop();
    repo.commit("shop/compose.yml", "env_file: ../common.env");
    repo.commit("common.env", "A=1");
    let below = SourceText { path: Some("shop"), reference: Some("main"), ..Default::default() };
    let source = repo.source(&below);
    let files = source.read().await.expect("a checkout").files;
    assert_eq!(files.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["compose.yml"]);
    let top = RepoPath::default();
    let named = files.join(&top, "../common.env").expect("a path");
    assert_eq!(files.read(&named).as_deref(), Ok(&b"A=1"[..]));
    assert!(files.join(&top, "../../common.env").is_err());
    repo.commit("common.env", "A=2");
    let files = source.read().await.expect("a checkout").files;
    assert_eq!(files.read(&named).as_deref(), Ok(&b"A=2"[..]));
}

#[tokio::test]
async fn around_the_path_of_a_source_nothing_is_read_in_a_large_repository() {
    let repo = Repo::with_shop();
    let names: Vec<String> = (0..101).map(|number| format!("{number:03}")).collect();
    repo.commit_square(b"env_file: ../001/002", &names);
    let below = SourceText { path: Some("000"), reference: Some("main"), ..Default::default() };
    let files = repo.source(&below).read().await.expect("a checkout").files;
    assert_eq!(files.len(), 101);
    let named = files.join(&RepoPath::default(), "../001/002").expect("a path");
    let error = files.read(&named).map_err(|error| error.to_string()).expect_err("not read");
    assert!(error.contains("too large to be read as a whole"), "{error}");
}
