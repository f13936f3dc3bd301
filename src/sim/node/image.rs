//! How the containers of an image behave.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{ImageRef, Platform};

/// Time that a container of an unknown image needs until it is healthy.
const USUAL_START: Duration = Duration::from_millis(400);
/// Time that a job of an unknown image runs.
const USUAL_JOB: Duration = Duration::from_secs(1);

/// How the containers of an image behave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// Starts and runs for ever; in a job it ends well after a second. What unknown images do.
    Usual,
    /// Runs for ever once it was healthy, so long after its start.
    HealthyAfter(Duration),
    /// Has a health check that never succeeds and gives up after this time.
    NeverHealthy(Duration),
    /// Runs so long and ends with this exit code; zero time is a crash at once, code 0 is success.
    ExitsAfter(Duration, i64),
    /// Does not exist.
    Missing,
    /// Exists for one platform only; other nodes refuse it.
    Only(Platform),
}

/// What becomes of a task when it starts, and afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    /// Time from its start until it runs or is given up.
    pub(super) start: Duration,
    /// True when it becomes healthy at all.
    pub(super) rises: bool,
    /// When and how it ends, counted from when it runs.
    pub(super) end: Option<(Duration, i64)>,
}

impl Behaviour {
    /// What becomes of a container.
    pub(super) fn fate(&self, job: IsJob) -> Fate {
        let end = (job == IsJob::Yes).then_some((USUAL_JOB, 0));
        match self {
            Self::Usual | Self::Missing | Self::Only(_) => {
                Fate { start: USUAL_START, rises: true, end }
            }
            Self::HealthyAfter(time) => Fate { start: *time, rises: true, end },
            Self::NeverHealthy(time) => Fate { start: *time, rises: false, end: None },
            Self::ExitsAfter(time, code) => {
                Fate { start: USUAL_START / 4, rises: true, end: Some((*time, *code)) }
            }
        }
    }
}

/// Whether a task belongs to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IsJob {
    Yes,
    No,
}

/// Behaviours by image, and what containers of it write.
#[derive(Debug, Clone, Default)]
pub(crate) struct ImageTable {
    behaviours: BTreeMap<String, Behaviour>,
    outputs: BTreeMap<String, Vec<String>>,
}

impl ImageTable {
    /// Says how an image behaves: a reference with tag or digest, or a repository for all of its
    /// tags that are not named themselves.
    pub(crate) fn set(&mut self, image: &str, behaviour: Behaviour) {
        self.behaviours.insert(image.to_owned(), behaviour);
    }

    /// Says what each container of an image writes, named in the same way.
    pub(crate) fn set_output(&mut self, image: &str, lines: Vec<String>) {
        self.outputs.insert(image.to_owned(), lines);
    }

    /// What a container of the image in a spec writes.
    pub(crate) fn output(&self, image: &str) -> &[String] {
        find(&self.outputs, image).map_or(&[], Vec::as_slice)
    }

    /// The behaviour of the image in a spec; the most exact name wins.
    pub(super) fn get(&self, image: &str) -> &Behaviour {
        find(&self.behaviours, image).unwrap_or(&Behaviour::Usual)
    }
}

/// What is said about an image; the most exact name wins.
fn find<'a, T>(table: &'a BTreeMap<String, T>, image: &str) -> Option<&'a T> {
    let known = |name: &str| table.get(name);
    known(image).or_else(|| {
        let full: ImageRef = image.parse().ok()?;
        let tagged = full.without_digest().familiar();
        let tag = full.tag().map_or(0, |tag| tag.len() + 1);
        known(&full.familiar())
            .or_else(|| known(&tagged))
            .or_else(|| known(&tagged[..tagged.len() - tag]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_exact_name_of_an_image_wins() {
        let crash = |code| Behaviour::ExitsAfter(Duration::ZERO, code);
        let digest = format!("sha256:{}", "a".repeat(64));
        let mut table = ImageTable::default();
        table.set("shop", crash(1));
        table.set("shop:2", crash(2));
        table.set(&format!("shop:2@{digest}"), crash(3));
        assert_eq!(table.get("shop:1"), &crash(1));
        assert_eq!(table.get("docker.io/library/shop:2"), &crash(2));
        assert_eq!(table.get(&format!("shop:2@{digest}")), &crash(3));
        assert_eq!(table.get(&format!("shop:2@{}", digest.replace("aa", "bb"))), &crash(2));
        assert_eq!(table.get("other"), &Behaviour::Usual);
    }
}
