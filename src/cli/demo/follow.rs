//! Follows the operator by its reports, as everybody else does: what is printed is what they say.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::cli::act::apply::progress::Progress;
use crate::cli::error::Failure;
use crate::cli::output;
use crate::ports::Clock;
use crate::status::{Report, Settled, settled};
use crate::view::{ReportView, text};

/// The reports of an operator that runs.
pub(super) struct Follow {
    /// What it publishes.
    pub(super) reports: watch::Receiver<Option<Arc<Report>>>,
    /// Its time.
    pub(super) clock: Arc<dyn Clock>,
    /// Longest time for one thing to happen.
    pub(super) patience: Duration,
    /// The last report that was read.
    pub(super) last: Option<Arc<Report>>,
}

impl Follow {
    /// The next report.
    pub(super) async fn next(&mut self) -> Result<Arc<Report>, Failure> {
        loop {
            let changed = self.reports.changed().await;
            changed.map_err(|_| Failure::plain("the operator ended by itself"))?;
            let newest = self.reports.borrow_and_update().clone();
            if let Some(report) = newest {
                self.last = Some(Arc::clone(&report));
                return Ok(report);
            }
        }
    }

    /// The first report that is wanted; `what` says what it would tell.
    pub(super) async fn until(
        &mut self,
        what: &str,
        wanted: impl Fn(&Report) -> bool,
    ) -> Result<Arc<Report>, Failure> {
        let late = self.clock.sleep(self.patience);
        let patience = self.patience;
        let mut last = None;
        let found = async {
            loop {
                let report = self.next().await?;
                if wanted(&report) {
                    return Ok(report);
                }
                last = Some(report);
            }
        };
        tokio::select! {
            found = found => return found,
            () = late => {}
        }
        Err(unmet(what, patience, last.as_deref()))
    }

    /// Shows how things go on after a report, until nothing is on the way any more and all is
    /// well.
    pub(super) async fn settle(&mut self, from: Arc<Report>) -> Result<(), Failure> {
        let late = self.clock.sleep(self.patience);
        let patience = self.patience;
        let (mut progress, mut last) = (Progress::new(), from);
        let settled = async {
            loop {
                progress.show(&ReportView::without_bodies(&last));
                match worst(&last) {
                    Settled::OnTheWay => last = self.next().await?,
                    Settled::Well => return Ok(true),
                    Settled::Badly => return Ok(false),
                }
            }
        };
        let ended: Option<Result<bool, Failure>> = tokio::select! {
            settled = settled => Some(settled),
            () = late => None,
        };
        progress.end();
        match ended {
            Some(Ok(true)) => Ok(()),
            Some(Ok(false)) => Err(unmet("things to go well", patience, Some(&last))),
            Some(Err(failure)) => Err(failure),
            None => Err(unmet("everything to be healthy", patience, Some(&last))),
        }
    }

    /// Time since then, for people.
    pub(super) fn since(&self, start: Timestamp) -> String {
        words(Duration::try_from(start.duration_until(self.clock.now())).unwrap_or_default())
    }
}

/// What did not come, and the last that was seen.
fn unmet(what: &str, patience: Duration, last: Option<&Report>) -> Failure {
    if let Some(report) = last {
        let view = ReportView::without_bodies(report);
        output::note(&text::troubles(&view));
        output::note(&text::problems(&view.problems));
        output::note(&text::report(&view, output::reveal()));
    }
    Failure::plain(format!("the demo waited for {what}, for at most {} s", patience.as_secs()))
}

/// The worst that can be said of any stack; what is on the way outweighs what ended badly.
pub(super) fn worst(report: &Report) -> Settled {
    let all = || report.stacks.values().map(settled);
    if report.stacks.is_empty()
        || !report.trouble.is_empty()
        || all().any(|s| s == Settled::OnTheWay)
    {
        return Settled::OnTheWay;
    }
    all().max().unwrap_or(Settled::Well)
}

/// `38 ms`, `4.2 s`.
fn words(time: Duration) -> String {
    match time.as_millis() {
        millis @ 0..1000 => format!("{millis} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}
