//! Hints that a directory or a repository on this machine changed.
//!
//! A hint carries nothing: it only makes somebody read again (law 5). So any number of events
//! become one hint, given when it has been quiet for a moment.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt};
use notify::event::{AccessKind, AccessMode};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// So long nothing may happen before a hint is given.
const QUIET: Duration = Duration::from_millis(50);
/// After so long a hint is given even if changes go on.
const PATIENCE: Duration = Duration::from_millis(500);

/// Watches all files below a directory but those of git.
pub(super) fn directory(root: &Path) -> BoxStream<'static, ()> {
    let places = vec![Place { path: root.to_owned(), mode: RecursiveMode::Recursive }];
    let ours = root.to_owned();
    hints(places, move |path| is_file_of(&ours, path))
}

fn is_file_of(root: &Path, path: &Path) -> bool {
    let below = path.strip_prefix(root).unwrap_or(path);
    !below.components().any(|part| part == Component::Normal(OsStr::new(".git")))
}

/// Watches the refs of a repository: `git_dir` holds `HEAD`, `common_dir` (the same but for linked
/// work trees) the refs.
pub(super) fn repository(git_dir: &Path, common_dir: &Path) -> BoxStream<'static, ()> {
    let mut places = vec![Place { path: git_dir.to_owned(), mode: RecursiveMode::NonRecursive }];
    if common_dir != git_dir {
        let path = common_dir.to_owned();
        places.push(Place { path, mode: RecursiveMode::NonRecursive });
    }
    for name in ["refs", "reftable"] {
        let path = common_dir.join(name);
        if path.is_dir() {
            places.push(Place { path, mode: RecursiveMode::Recursive });
        }
    }
    hints(places, is_ref)
}

/// `HEAD`, `packed-refs` and everything below `refs` and `reftable`, but no lock files.
fn is_ref(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let below = |part: &Component<'_>| matches!(part, Component::Normal(name) if *name == "refs" || *name == "reftable");
    path.extension() != Some(OsStr::new("lock"))
        && (name == "HEAD" || name == "packed-refs" || path.components().any(|part| below(&part)))
}

struct Place {
    path: PathBuf,
    mode: RecursiveMode,
}

/// A watcher with what it watches; events arrive as units in a channel of one, since a second
/// hint that nobody has read yet says nothing new.
struct Watched {
    watcher: RecommendedWatcher,
    places: Vec<Place>,
    events: mpsc::Receiver<()>,
}

fn hints(
    places: Vec<Place>,
    counts: impl Fn(&Path) -> bool + Send + 'static,
) -> BoxStream<'static, ()> {
    let roots: Vec<PathBuf> = places.iter().map(|place| place.path.clone()).collect();
    let (sender, events) = mpsc::channel(1);
    let on_event = move |event: notify::Result<Event>| {
        // An error may stand for lost events, so it counts as a change.
        if event.map_or(true, |event| matters(&event, &roots, &counts)) {
            // A full channel already holds the same hint; a closed one has no reader.
            let _ = sender.try_send(());
        }
    };
    let config = Config::default().with_follow_symlinks(false);
    match RecommendedWatcher::new(on_event, config) {
        Ok(watcher) => {
            let mut watched = Watched { watcher, places, events };
            watched.watch();
            stream::unfold(watched, next).boxed()
        }
        Err(error) => {
            tracing::warn!(%error, "files can't be watched; changes are found by polling only");
            stream::pending().boxed()
        }
    }
}

fn matters(event: &Event, roots: &[PathBuf], counts: &impl Fn(&Path) -> bool) -> bool {
    let happened = match event.kind {
        // Reading makes access events: counting them would make every read ask for the next.
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    };
    let concerns = |path: &PathBuf| {
        roots.contains(path) || (roots.iter().any(|root| path.starts_with(root)) && counts(path))
    };
    happened && (event.need_rescan() || event.paths.iter().any(concerns))
}

impl Watched {
    /// Puts the watches on, also those that were lost because a directory was replaced. The
    /// directory above is watched to see a new one come.
    fn watch(&mut self) {
        for place in &self.places {
            let above = place.path.parent().filter(|above| !above.as_os_str().is_empty());
            if let Some(above) = above {
                let _ = self.watcher.watch(above, RecursiveMode::NonRecursive);
            }
            if let Err(error) = self.watcher.watch(&place.path, place.mode) {
                let path = place.path.display();
                tracing::debug!(%path, %error, "not watched; changes are found by polling");
            }
        }
    }
}

async fn next(mut watched: Watched) -> Option<((), Watched)> {
    watched.events.recv().await?;
    let quiet = async { while let Ok(Some(())) = timeout(QUIET, watched.events.recv()).await {} };
    // Either way it is time for the hint.
    let _ = timeout(PATIENCE, quiet).await;
    watched.watch();
    Some(((), watched))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make the files that they watch")]
mod tests {
    use std::fs;

    use super::*;

    /// Long enough for any machine; only a failing test waits for it.
    const AT_MOST: Duration = Duration::from_secs(20);

    async fn hinted(hints: &mut BoxStream<'static, ()>) -> bool {
        timeout(AT_MOST, hints.next()).await == Ok(Some(()))
    }

    #[tokio::test]
    async fn changes_below_a_directory_are_hinted() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut hints = directory(dir.path());
        fs::create_dir(dir.path().join("new")).expect("a directory");
        assert!(hinted(&mut hints).await);
        for number in 0..20 {
            fs::write(dir.path().join(format!("new/{number}")), "x").expect("a file");
        }
        assert!(hinted(&mut hints).await);
        fs::remove_file(dir.path().join("new/1")).expect("a file less");
        assert!(hinted(&mut hints).await);
    }

    #[test]
    fn reading_makes_no_hint_and_writing_does() {
        let roots = [PathBuf::from("/w")];
        let matters = |kind| matters(&Event::new(kind).add_path("/w/a".into()), &roots, &|_| true);
        for kind in [
            AccessKind::Any,
            AccessKind::Read,
            AccessKind::Open(AccessMode::Any),
            AccessKind::Close(AccessMode::Read),
        ] {
            assert!(!matters(EventKind::Access(kind)), "{kind:?}");
        }
        assert!(matters(EventKind::Access(AccessKind::Close(AccessMode::Write))));
        assert!(matters(EventKind::Create(notify::event::CreateKind::File)));
    }

    #[test]
    fn of_a_repository_only_refs_count_and_of_a_directory_all_but_git() {
        for (path, expected) in [
            ("/r/HEAD", true),
            ("/r/packed-refs", true),
            ("/r/refs/heads/a/b", true),
            ("/r/reftable/tables.list", true),
            ("/r/refs/heads/main.lock", false),
            ("/r/index", false),
            ("/r/objects/aa", false),
            ("/r/FETCH_HEAD", false),
        ] {
            assert_eq!(is_ref(Path::new(path)), expected, "{path}");
        }
        let root = Path::new("/w/.git/x");
        assert!(is_file_of(root, Path::new("/w/.git/x/a")));
        assert!(!is_file_of(root, Path::new("/w/.git/x/.git/index")));
    }

    #[tokio::test]
    async fn a_directory_that_is_replaced_is_watched_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().join("root");
        fs::create_dir(&root).expect("a directory");
        let mut hints = directory(&root);
        fs::remove_dir(&root).expect("a directory less");
        assert!(hinted(&mut hints).await);
        fs::create_dir(&root).expect("a directory");
        assert!(hinted(&mut hints).await);
        fs::write(root.join("a"), "x").expect("a file");
        assert!(hinted(&mut hints).await);
    }

    #[tokio::test]
    async fn a_directory_that_is_not_there_yet_is_seen_to_come() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut hints = directory(&dir.path().join("root"));
        fs::create_dir(dir.path().join("root")).expect("a directory");
        assert!(hinted(&mut hints).await);
    }
}
