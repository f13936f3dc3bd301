//! The part of `skep run` among several operators: it contends for the lease, and tells of it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cli::error::Failure;
use crate::cli::start::Engine;
use crate::metrics::Metrics;
use crate::model::Instance;
use crate::reconcile::{Contender, Part, Standing};

/// Longest wait for the lease to be given up; docker kills a while later.
const LEAVE: Duration = Duration::from_secs(1);

/// The part, before anything is asked.
#[derive(Default)]
pub(super) struct Lead {
    /// What the operator is told.
    pub(super) standing: Standing,
    /// `None` for one that takes no part: `--observe` never writes.
    contender: Option<Contender>,
}

impl Lead {
    /// The part of one that wants to act.
    pub(super) fn wanted(
        engine: &Engine,
        instance: &Instance,
        metrics: &Metrics,
    ) -> Result<Self, Failure> {
        let me = name()?;
        let contender = Contender::new(engine.lease_doors(), instance, &me);
        let standing = contender.standing();
        tokio::spawn(count(standing.part.clone(), metrics.clone(), me));
        Ok(Self { standing, contender: Some(contender) })
    }

    /// Begins. A lease that is free is taken before this returns, so that the first pass may act.
    pub(super) async fn begin(self) -> Contending {
        let Some(mut contender) = self.contender else { return Contending(None) };
        contender.turn().await;
        let (stop, stopped) = watch::channel(false);
        Contending(Some((stop, tokio::spawn(contender.contend(stopped)))))
    }
}

/// Contends for the lease beside the loop.
pub(super) struct Contending(Option<(watch::Sender<bool>, JoinHandle<()>)>);

impl Contending {
    /// Gives the lease up, so that the next operator need not wait.
    pub(super) async fn leave(self) {
        let Some((stop, contending)) = self.0 else { return };
        stop.send_replace(true);
        if tokio::time::timeout(LEAVE, contending).await.is_err() {
            tracing::warn!("the lease was not given up in time: the next operator waits for it");
        }
    }
}

/// Keeps the metrics up to date.
async fn count(mut part: watch::Receiver<Part>, metrics: Metrics, me: String) {
    loop {
        match &*part.borrow_and_update() {
            Part::Acts | Part::Alone => metrics.acts(&me),
            Part::Follows(holder) => metrics.follows(holder.as_deref()),
            Part::Unknown => metrics.follows(None),
        }
        if part.changed().await.is_err() {
            return;
        }
    }
}

/// A name that no other process ever has: host, process, and a few random digits.
#[expect(clippy::disallowed_methods, reason = "names of processes must differ")]
fn name() -> Result<String, Failure> {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(|error| Failure::new("make a name", error))?;
    let (process, random) = (std::process::id(), u32::from_be_bytes(random));
    Ok(format!("{}/{process}/{random:08x}", host.trim()))
}
