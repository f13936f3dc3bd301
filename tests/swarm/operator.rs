//! skep running inside the test, as `skep run` runs it, with every report that it gave.

#![expect(clippy::disallowed_methods, reason = "a test stands outside: it measures real time")]

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use skep::reconcile::{Nudge, Settings, run};
use skep::status::{Report, Settled, settled};
use tokio::sync::watch;

use crate::doors::{doors, sources};
use crate::lab::{Lab, within};

/// Longest that a loop may take to end: a pass that waits for an engine that is gone.
const END: Duration = Duration::from_secs(60);

/// A loop of passes. Stopped when dropped; a pass that runs then is finished first.
pub struct Operator {
    stop: watch::Sender<bool>,
    looped: Option<JoinHandle<()>>,
    history: Arc<History>,
}

/// A report, and when it was told.
#[derive(Debug, Clone)]
pub struct Told {
    /// When.
    pub at: Instant,
    /// What.
    pub report: Arc<Report>,
}

#[derive(Default)]
struct History {
    reports: Mutex<Vec<Told>>,
    grown: Condvar,
}

impl Operator {
    /// Starts skep on a repository, by its address or path and with options, and the engine behind
    /// a socket, with the lab's logins.
    pub fn start(
        lab: &Lab,
        socket: &Path,
        (location, options): (String, skep::source::Options),
        settings: Settings,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let history = Arc::new(History::default());
        let kept = Arc::clone(&history);
        let (logins, socket) = (lab.logins(), socket.to_owned());
        // One thread: whoever collects the reports has a turn between any two passes.
        let looped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let doors = doors(&socket, logins);
                let sources = sources(&location, &options);
                let operator = skep::reconcile::Operator::new(doors, sources, settings);
                let (publish, published) = watch::channel(None);
                let passes = run(operator, Nudge::default(), stopped, publish);
                tokio::join!(passes, collect(published, &kept));
            });
        });
        Self { stop, looped: Some(looped), history }
    }

    /// How many reports there were so far.
    pub fn mark(&self) -> usize {
        self.history.reports().len()
    }

    /// The first report after a mark that is wanted; in its place the last one when there is none
    /// in time.
    pub fn wait(
        &self,
        mark: usize,
        limit: Duration,
        wanted: impl Fn(&Report) -> bool,
    ) -> Result<Told, Option<Arc<Report>>> {
        let search =
            |reports: &Vec<Told>| reports[mark..].iter().find(|told| wanted(&told.report)).cloned();
        let reports = self.history.reports();
        let (reports, _) = self
            .history
            .grown
            .wait_timeout_while(reports, limit, |reports| search(reports).is_none())
            .unwrap_or_else(PoisonError::into_inner);
        search(&reports).ok_or_else(|| reports.last().map(|told| Arc::clone(&told.report)))
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        let Some(looped) = self.looped.take() else { return };
        // A loop that does not end fails this test, and does not keep all others waiting.
        let ended = within(END, || looped.is_finished());
        let well = ended && looped.join().is_ok();
        assert!(well || std::thread::panicking(), "the loop did not end well");
    }
}

impl History {
    fn reports(&self) -> MutexGuard<'_, Vec<Told>> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, report: Option<Arc<Report>>) {
        self.reports().extend(report.map(|report| Told { at: Instant::now(), report }));
        self.grown.notify_all();
    }
}

/// Keeps each report, until nobody publishes any more.
async fn collect(mut published: watch::Receiver<Option<Arc<Report>>>, kept: &History) {
    while published.changed().await.is_ok() {
        let newest = published.borrow_and_update().clone();
        kept.add(newest);
    }
}

/// Whether everything that a report speaks of is as declared and healthy, at this commit.
pub fn is_well(report: &Report, commit: &str) -> bool {
    let there = report.sources.iter().all(|source| {
        source.revision.as_ref().is_some_and(|revision| revision.to_string() == commit)
    });
    there
        && report.trouble.is_empty()
        && report.stacks.values().all(|stack| settled(stack) == Settled::Well)
}

/// What stands in the way, in lines for a person.
pub fn picture(report: &Report) -> String {
    let mut lines = report.trouble.clone();
    lines.extend(report.problems.iter().map(ToString::to_string));
    lines.extend(report.sources.iter().map(|source| format!("{source:?}")));
    for (name, stack) in &report.stacks {
        lines.push(format!("{name}: {:?}", settled(stack)));
        lines.extend(stack.plan.steps.iter().map(|planned| format!("  {}", planned.step.kind())));
        let held = stack.plan.held.iter();
        lines.extend(held.map(|held| format!("  held {}: {}", held.object, held.reason)));
        let health = stack.health.iter();
        lines.extend(health.map(|(name, health)| format!("  {name}: {health:?}")));
        let outcomes = stack.outcomes.iter().map(|outcome| &outcome.outcome);
        lines.extend(outcomes.map(|outcome| format!("  {outcome:?}")));
        let drift = stack.plan.drift.iter().flat_map(|drift| drift.fields().into_owned());
        lines.extend(drift.map(|field| format!("  {} by {:?}", field.change.path, field.cause)));
    }
    lines.join("\n")
}
