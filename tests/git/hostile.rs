//! Repositories made to harm their reader.

use skep::model::Entry;
use skep::ports::{Checkout, SourceError};
use skep::source::{Manner, SourceText, open};

use crate::repo::{Repo, entry, listing, spec, text};

const BRANCH: SourceText<'_> = SourceText {
    location: "",
    reference: None,
    branch: Some("main"),
    tag: None,
    commit: None,
    path: None,
};

async fn read(repo: &Repo) -> Result<Checkout, SourceError> {
    repo.source(&BRANCH).read().await
}

#[tokio::test]
async fn links_are_values_and_lead_nowhere_outside() {
    let repo = Repo::with_shop();
    for (name, target) in [
        ("abs", "/etc/passwd"),
        ("up", "../../../../etc/passwd"),
        ("shop/up", "../../etc/passwd"),
        ("loop", "loop"),
        ("ring1", "ring2"),
        ("ring2", "ring1"),
        ("dir", "/etc"),
        ("inside", "shop/compose.yml"),
    ] {
        std::os::unix::fs::symlink(target, repo.path().join(name)).expect("a link");
    }
    repo.commit("x", "x");
    let files = read(&repo).await.expect("a checkout").files;
    for name in ["abs", "up", "shop/up", "loop", "ring1", "dir/passwd"] {
        let error = text(&files, name).expect_err(name);
        assert!(error.contains("out of the source") || error.contains("circle"), "{error}");
    }
    assert_eq!(text(&files, "inside").as_deref(), Ok("services: {}"));
}

#[tokio::test]
async fn forged_trees_harm_only_their_own_entries() {
    let repo = Repo::with_shop();
    let blob = repo.object("blob", b"services: {}");
    let evil = repo.object("blob", b"evil");
    let long = vec![b'n'; 5000];
    let below = {
        let name = b"x.yml";
        let mut tree = b"100644 ".to_vec();
        tree.extend_from_slice(name);
        tree.push(0);
        let digits = (0..40).step_by(2);
        tree.extend(digits.map(|at| u8::from_str_radix(&evil[at..at + 2], 16).expect("hex")));
        repo.object("tree", &tree)
    };
    repo.commit_tree(&[
        ("100644", b"-rf", &blob),
        ("40000", b"..", &below),
        ("40000", b".", &below),
        ("40000", b".git", &below),
        ("100644", b"a/../../b", &evil),
        ("100644", b"new\nline.yml", &evil),
        ("100644", b"esc\x1b[2J.yml", &evil),
        ("100644", b"\xff\xfe.yml", &evil),
        ("100644", &long, &evil),
        ("100644", b"good.yml", &blob),
    ]);
    let checkout = read(&repo).await.expect("a checkout");
    assert_eq!(text(&checkout.files, "good.yml").as_deref(), Ok("services: {}"));
    assert_eq!(text(&checkout.files, "-rf").as_deref(), Ok("services: {}"));
    let bad = checkout.files.iter().filter(|(_, entry)| matches!(entry, Entry::Unreadable(_)));
    assert_eq!(bad.count(), 7, "{:#?}", listing(&checkout));
    for (path, _) in checkout.files.iter() {
        assert!(!path.as_str().chars().any(char::is_control), "{path:?}");
    }
}

#[tokio::test]
async fn submodules_lfs_pointers_and_filters_are_neither_followed_nor_run() {
    let repo = Repo::with_shop();
    let mark = repo.beside("mark");
    let touch = format!("touch {}", mark.display());
    let commit = repo.head();
    let blob = |content: &str| repo.object("blob", content.as_bytes());
    let modules = "[submodule \"s\"]\n\tpath = s\n\turl = ext::sh -c touch% MARK\n";
    repo.commit_tree(&[
        ("100644", b".gitattributes", &blob("* filter=evil text eol=crlf ident\n")),
        ("100644", b".gitmodules", &blob(modules)),
        (
            "100644",
            b"big.bin",
            &blob("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"),
        ),
        ("100644", b"plain.yml", &blob("a: $Id$\nb: 1\n")),
        ("160000", b"s", &commit),
    ]);
    // What a repository on this machine could set for whoever runs git in it.
    repo.git(&["config", "filter.evil.smudge", &touch]);
    repo.git(&["config", "filter.evil.clean", &touch]);
    repo.git(&["config", "filter.lfs.smudge", &touch]);
    repo.git(&["config", "core.fsmonitor", &touch]);
    repo.git(&["config", "core.sshCommand", &touch]);
    repo.git(&["config", "credential.helper", &format!("!{touch}")]);
    repo.git(&["config", "uploadpack.packObjectsHook", &touch]);
    for hook in ["post-checkout", "reference-transaction", "post-merge", "pre-auto-gc"] {
        use std::os::unix::fs::PermissionsExt;
        let path = repo.path().join(".git/hooks").join(hook);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(&path, format!("#!/bin/sh\n{touch}\n")).expect("a hook");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("an executable hook");
    }
    // Setting these up may itself run the hooks.
    let _ = std::fs::remove_file(&mark);
    let checkout = read(&repo).await.expect("a checkout");
    assert!(!mark.exists(), "something of the repository was run");
    assert_eq!(entry(&checkout, "s"), Some(Entry::Special("submodule")));
    assert_eq!(entry(&checkout, "big.bin"), Some(Entry::Special("Git LFS pointer")));
    assert_eq!(text(&checkout.files, "plain.yml").as_deref(), Ok("a: $Id$\nb: 1\n"));
}

#[tokio::test]
async fn refs_that_look_like_options_are_only_names() {
    let repo = Repo::with_shop();
    let head = repo.head();
    // git's own commands refuse such a name; a server can still send it.
    let packed = format!("{head} refs/heads/--upload-pack=touch mark\n{head} refs/heads/-x\n");
    std::fs::write(repo.path().join(".git/packed-refs"), packed).expect("refs");
    assert_eq!(read(&repo).await.expect("a checkout").files.len(), 1);
}

#[tokio::test]
async fn a_large_file_is_named_with_its_size_and_not_read() {
    let repo = Repo::with_shop();
    let large = std::fs::File::create(repo.path().join("large.bin")).expect("a file");
    large.set_len(50 * 1024 * 1024).expect("a sparse file");
    drop(large);
    repo.commit("x", "x");
    let checkout = read(&repo).await.expect("a checkout");
    assert_eq!(entry(&checkout, "large.bin"), Some(Entry::TooLarge(50 * 1024 * 1024)));
    assert_eq!(text(&checkout.files, "x").as_deref(), Ok("x"));
}

#[tokio::test]
async fn too_many_files_are_refused_with_advice() {
    let repo = Repo::with_shop();
    let names: Vec<String> = (0..1000).map(|number| format!("{number:04}")).collect();
    // A million files.
    repo.commit_square(b"x", &names);
    let error = read(&repo).await.map(drop).expect_err("too many files");
    assert!(matches!(&error, SourceError::Broken { .. }), "{error:?}");
    let path = SourceText { path: Some("0007"), ..BRANCH };
    let below = repo.source(&path).read().await.expect("a checkout");
    assert_eq!(below.files.len(), 1000);
}

#[tokio::test]
async fn a_commit_message_can_not_write_to_a_terminal() {
    let repo = Repo::with_shop();
    let message = format!("\u{1b}]0;title\u{7}red\u{1b}[31m {}", "long ".repeat(200));
    repo.git(&["commit", "--quiet", "--allow-empty", "--message", &message]);
    let subject = read(&repo).await.expect("a checkout").subject;
    assert!(subject.contains("title") && !subject.chars().any(char::is_control), "{subject:?}");
    assert!(subject.chars().count() <= 200);
}

#[tokio::test]
async fn nothing_of_a_repository_is_written_as_a_file() {
    let repo = Repo::with_shop();
    repo.commit("CANARY-name", "CANARY-content");
    let path = repo.path();
    let text = SourceText { location: path.to_str().expect("UTF-8"), ..Default::default() };
    let spec = spec(&text).with_manner(Manner::ByCommit);
    open(&spec, &repo.options()).expect("a source").read().await.expect("a checkout");
    let mut todo = vec![repo.beside("mirrors")];
    while let Some(dir) = todo.pop() {
        for entry in std::fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            assert!(!path.to_string_lossy().contains("CANARY"), "{path:?}");
            if path.is_dir() {
                todo.push(path);
            } else {
                let bytes = std::fs::read(&path).expect("a file");
                let found = bytes.windows(6).any(|window| window == b"CANARY");
                assert!(!found, "{path:?}");
            }
        }
    }
}
