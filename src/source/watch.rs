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
    hints(vec![Place { path: root.to_owned(), mode: RecursiveMode::Recursive }], is_file)
}

/// All but what lies in a directory of git; the path is relative to the watched one.
fn is_file(path: &Path) -> bool {
    !path.components().any(|part| part == Component::Normal(OsStr::new(".git")))
}

/// Watches the refs of a repository: `git_dir` holds `HEAD`, `common_dir` (the same but for linked
/// work trees) the refs.
pub(super) fn repository(git_dir: &Path, common_dir: &Path) -> BoxStream<'static, ()> {
    let place = |path: PathBuf, mode| Place { path, mode };
    let mut places = vec![place(git_dir.to_owned(), RecursiveMode::NonRecursive)];
    if common_dir != git_dir {
        places.push(place(common_dir.to_owned(), RecursiveMode::NonRecursive));
    }
    for name in ["refs", "reftable"] {
        let path = common_dir.join(name);
        if path.is_dir() {
            places.push(place(path, RecursiveMode::Recursive));
        }
    }
    hints(places, is_ref)
}

/// `HEAD`, `packed-refs` and everything below `refs` and `reftable`, but no lock files; the path
/// is relative to the directory of git.
fn is_ref(path: &Path) -> bool {
    path.extension() != Some(OsStr::new("lock"))
        && ["HEAD", "packed-refs", "refs", "reftable"].iter().any(|name| path.starts_with(name))
}

struct Place {
    path: PathBuf,
    mode: RecursiveMode,
}

/// Which paths, relative to a watched directory, count.
type Counts = fn(&Path) -> bool;

/// What is watched, and the watcher that does so now.
struct Watched {
    places: Vec<Place>,
    counts: Counts,
    live: Live,
}

/// A watcher. Its events are units in a channel of one, since a second hint that nobody has read
/// yet says nothing new.
struct Live {
    _watcher: RecommendedWatcher,
    events: mpsc::Receiver<()>,
}

fn hints(places: Vec<Place>, counts: Counts) -> BoxStream<'static, ()> {
    match Live::start(&places, counts) {
        Ok(live) => stream::unfold(Watched { places, counts, live }, next).boxed(),
        Err(error) => {
            tracing::warn!(%error, "files can't be watched; changes are found by polling only");
            stream::pending().boxed()
        }
    }
}

async fn next(mut watched: Watched) -> Option<((), Watched)> {
    let events = &mut watched.live.events;
    events.recv().await?;
    let quiet = async { while let Ok(Some(())) = timeout(QUIET, events.recv()).await {} };
    // Either way it is time for the hint.
    let _ = timeout(PATIENCE, quiet).await;
    // Anew, because a directory may have been replaced by another one under the same name. What
    // happens until the new watcher is there is read after the hint.
    match Live::start(&watched.places, watched.counts) {
        Ok(live) => watched.live = live,
        Err(error) => tracing::warn!(%error, "the former watches are kept"),
    }
    Some(((), watched))
}

impl Live {
    fn start(places: &[Place], counts: Counts) -> notify::Result<Self> {
        let real = |place: &Place| place.path.canonicalize().ok();
        let mut roots: Vec<PathBuf> = places.iter().map(|place| place.path.clone()).collect();
        roots.extend(places.iter().filter_map(real));
        let (sender, events) = mpsc::channel(1);
        let on_event = move |event: notify::Result<Event>| {
            // An error may stand for lost events, so it counts as a change.
            if event.map_or(true, |event| matters(&event, &roots, counts)) {
                // A full channel already holds the same hint; a closed one has no reader.
                let _ = sender.try_send(());
            }
        };
        let config = Config::default().with_follow_symlinks(false);
        let mut watcher = RecommendedWatcher::new(on_event, config)?;
        for place in places {
            // The directory above shows when this one comes, goes or is switched.
            if let Some(above) = place.path.parent().filter(|above| !above.as_os_str().is_empty()) {
                watch(&mut watcher, above, RecursiveMode::NonRecursive);
            }
            watch(&mut watcher, &real(place).unwrap_or_else(|| place.path.clone()), place.mode);
        }
        Ok(Self { _watcher: watcher, events })
    }
}

fn watch(watcher: &mut RecommendedWatcher, path: &Path, mode: RecursiveMode) {
    if let Err(error) = watcher.watch(path, mode) {
        let path = path.display();
        tracing::debug!(%path, %error, "not watched; changes are found by polling");
    }
}

fn matters(event: &Event, roots: &[PathBuf], counts: Counts) -> bool {
    let happened = match event.kind {
        // Reading makes access events: counting them would make every read ask for the next.
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    };
    let concerns = |path: &PathBuf| {
        let mut below = roots.iter().filter_map(|root| path.strip_prefix(root).ok());
        below.any(|below| below.as_os_str().is_empty() || counts(below))
    };
    happened && (event.need_rescan() || event.paths.iter().any(concerns))
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
        let matters = |kind| matters(&Event::new(kind).add_path("/w/a".into()), &roots, |_| true);
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
            ("HEAD", true),
            ("packed-refs", true),
            ("refs/heads/a/b", true),
            ("reftable/tables.list", true),
            ("refs/heads/main.lock", false),
            ("index", false),
            ("objects/aa", false),
            ("FETCH_HEAD", false),
        ] {
            assert_eq!(is_ref(Path::new(path)), expected, "{path}");
        }
        assert!(is_file(Path::new("a/b.git")));
        assert!(!is_file(Path::new("a/.git/index")));
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

    /// As orchestrators mount configuration: a link that is switched to a new directory.
    #[tokio::test]
    async fn a_link_that_is_switched_is_followed() {
        let dir = tempfile::tempdir().expect("a directory");
        let at = |name: &str| dir.path().join(name);
        for name in ["one", "two"] {
            fs::create_dir(at(name)).expect("a directory");
        }
        std::os::unix::fs::symlink("one", at("root")).expect("a link");
        let mut hints = directory(&at("root"));
        std::os::unix::fs::symlink("two", at("next")).expect("a link");
        fs::rename(at("next"), at("root")).expect("a switch");
        assert!(hinted(&mut hints).await);
        fs::write(at("two/a"), "x").expect("a file");
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
