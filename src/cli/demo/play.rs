//! What happens on screen. Every line comes from a plan, a comparison, a report or from `git`;
//! the changes are made to the swarm and the repository themselves.

use std::sync::Arc;

use super::follow::{Follow, worst};
use super::repository::Repository;
use super::shop::{Change, STACK_FILE};
use super::stage::Stage;
use crate::cli::act::apply::progress::Progress;
use crate::cli::args::Format;
use crate::cli::error::Failure;
use crate::cli::output;
use crate::model::engine::{Replicated, ServiceMode, ServiceSpec};
use crate::model::{Kind, ObjectRef, Target};
use crate::plan::Cause;
use crate::ports::{SwarmError, Write};
use crate::reconcile::{NamedSource, Operator, Settings};
use crate::status::{Report, Settled};
use crate::view::text::{DIM, GOOD, HEAD, diff, paint, plan, problems, source_line, troubles};
use crate::view::{ReportView, SourceView};

/// The service that is changed by hand.
const SERVICE: &str = "shop_api";
/// A variable of it, and what somebody makes of it.
const VARIABLE: (&str, &str) = ("SHOP_CURRENCY", "USD");
/// To how many replicas somebody scales it.
const REPLICAS: u64 = 1;

/// Everything that the demo plays with.
pub(super) struct Play<'a> {
    pub(super) stage: &'a Stage,
    pub(super) repository: &'a Repository,
    pub(super) source: NamedSource,
    pub(super) settings: Settings,
    pub(super) change: Change,
}

impl Play<'_> {
    /// An operator that was just started.
    pub(super) fn operator(&self) -> Operator {
        Operator::new(self.stage.doors.clone(), vec![self.source.clone()], self.settings.clone())
    }

    /// Says what there is, and what skep would do.
    pub(super) async fn plan(&self) -> Result<(), Failure> {
        let path = self.repository.path().display().to_string();
        heading("A repository and a swarm")?;
        output::text(&format!("  git    {path}\n  swarm  {}\n", self.stage.about))?;
        heading("What skep would do (skep plan)")?;
        let view = self.preview().await?;
        output::report(&view, Format::Text, plan)?;
        match view.has_errors() {
            true => Err(Failure::plain("the plan is not whole")),
            false => Ok(()),
        }
    }

    /// Shows what follows from one change after the other.
    pub(super) async fn acts(&self, follow: &mut Follow) -> Result<(), Failure> {
        self.converge(follow).await?;
        self.nothing_differs().await?;
        self.by_hand(follow).await?;
        self.nothing_differs().await?;
        self.by_git(follow).await?;
        self.nothing_differs().await
    }

    async fn converge(&self, follow: &mut Follow) -> Result<(), Failure> {
        heading("skep makes it so (skep run)")?;
        let start = follow.clock.now();
        let head = self.repository.head().await?;
        let report = follow.until("a first pass", |report| is_at(report, &head)).await?;
        follow.settle(report).await?;
        say(&format!("everything is healthy after {}", follow.since(start)))
    }

    /// Compares with eyes of its own: an operator that was just started and remembers nothing.
    async fn nothing_differs(&self) -> Result<(), Failure> {
        heading("Git and the swarm compared (skep diff)")?;
        let view = self.preview().await?;
        output::report(&view, Format::Text, diff)?;
        match view.differs() || view.has_errors() {
            true => Err(Failure::plain("something differs that should not")),
            false => Ok(()),
        }
    }

    async fn preview(&self) -> Result<ReportView, Failure> {
        let mut operator = self.operator();
        operator.read_sources().await;
        let report = operator.preview().await;
        match report.engine {
            Some(_) => Ok(ReportView::of(&report)),
            None => Err(Failure::new("look at the swarm", report.trouble.join("; "))),
        }
    }

    async fn by_hand(&self, follow: &mut Follow) -> Result<(), Failure> {
        let (name, value) = VARIABLE;
        heading("Somebody changes a service by hand")?;
        output::text(&format!(
            "  what this does: docker service update --replicas {REPLICAS} --env-add \
             {name}={value} {SERVICE}\n"
        ))?;
        self.change_by_hand().await?;
        let start = follow.clock.now();
        let found = follow.until("the drift to be found", is_drifted).await?;
        let after = follow.since(start);
        heading(&format!("skep finds it after {after}"))?;
        output::text(&diff(&ReportView::without_bodies(&found), output::reveal()))?;
        heading("and repairs it")?;
        let written = match wrote_service(&found) {
            true => found,
            false => follow.until("the repair", wrote_service).await?,
        };
        say(&format!(
            "the declared spec is written back {} after the change",
            follow.since(start)
        ))?;
        follow.settle(written).await?;
        say(&format!("repaired: everything is healthy {} after the change", follow.since(start)))
    }

    /// Writes to the service past skep, as docker's command line does: read, change, write.
    async fn change_by_hand(&self) -> Result<(), Failure> {
        let failed = |error: SwarmError| Failure::new(format!("change {SERVICE} by hand"), error);
        let swarm = &self.stage.doors.swarm;
        let observed = swarm.look().await.map_err(failed)?;
        let service = observed.services.get(SERVICE);
        let service = service.ok_or_else(|| Failure::plain(format!("{SERVICE} is not there")))?;
        let mut spec = service.spec.clone();
        scale_and_set(&mut spec);
        let (name, id) = (SERVICE.to_owned(), service.id.clone());
        let target = Target { name, id, version: service.version };
        let write = Write::UpdateService { target, spec: Box::new(spec) };
        swarm.write(&write).await.map(drop).map_err(failed)
    }

    async fn by_git(&self, follow: &mut Follow) -> Result<(), Failure> {
        heading("Somebody commits a change")?;
        let said = self.repository.commit(&self.change).await?;
        let start = follow.clock.now();
        output::text(&said)?;
        let head = self.repository.head().await?;
        let report = follow.until("the commit to be read", |report| is_at(report, &head)).await?;
        heading(&format!("skep reads it after {} and rolls it out", follow.since(start)))?;
        output::text(&diff(&ReportView::without_bodies(&report), output::reveal()))?;
        follow.settle(report).await?;
        say(&format!("rolled out: everything is healthy {} after the commit", follow.since(start)))
    }

    /// Goes on to show what the operator does, for as long as it runs.
    pub(super) async fn watch(&self, follow: &mut Follow) -> Result<(), Failure> {
        let path = self.repository.path().display();
        heading("Your turn: skep goes on watching the repository")?;
        output::text(&format!(
            "  edit {path}/{STACK_FILE}, then\n  git -C {path} commit -am 'a change'\n  Ctrl-C ends \
             the demo\n"
        ))?;
        let before = follow.last.as_deref().map(ReportView::without_bodies);
        let mut seen = Seen { before, moving: None };
        loop {
            let report = follow.next().await?;
            seen.show(&report, follow)?;
        }
    }
}

/// What was told already of an operator that is watched.
struct Seen {
    before: Option<ReportView>,
    /// Shown while something is on the way, with the time since when it is.
    moving: Option<(Progress, jiff::Timestamp)>,
}

impl Seen {
    fn show(&mut self, report: &Arc<Report>, follow: &Follow) -> Result<(), Failure> {
        let view = ReportView::without_bodies(report);
        let before = self.before.take();
        let before = before.as_ref();
        let read = before.is_none_or(|before| sources(before) != sources(&view));
        let trouble =
            before.is_none_or(|b| b.problems != view.problems || b.trouble != view.trouble);
        let drift =
            before.is_none_or(|b| differing(b) != differing(&view)) && !differing(&view).is_empty();
        let mut since = None;
        if read || trouble || drift {
            since = self.stop_moving();
        }
        if read {
            output::text("\n")?;
            for source in &view.sources {
                output::text(&format!("{}\n", source_line(source)))?;
            }
        }
        if trouble {
            output::note(&troubles(&view));
            output::note(&problems(&view.problems));
        }
        let state = worst(report);
        if drift || (read && state == Settled::Well) {
            output::text(&diff(&view, output::reveal()))?;
        }
        self.progress((state, &view), since, follow)?;
        self.before = Some(view);
        Ok(())
    }

    /// Shows how services do while something is on the way, and how that ended.
    fn progress(
        &mut self,
        (state, view): (Settled, &ReportView),
        since: Option<jiff::Timestamp>,
        follow: &Follow,
    ) -> Result<(), Failure> {
        if self.moving.is_none() && (since.is_some() || state == Settled::OnTheWay) {
            let now = since.unwrap_or_else(|| follow.clock.now());
            self.moving = Some((Progress::new(), now));
        }
        if let Some((progress, _)) = &mut self.moving {
            progress.show(view);
        }
        if state == Settled::OnTheWay {
            return Ok(());
        }
        match (self.stop_moving(), state) {
            (Some(start), Settled::Well) => {
                say(&format!("done: everything is healthy after {}", follow.since(start)))
            }
            (Some(_), _) => output::text(&crate::view::text::report(view, output::reveal())),
            (None, _) => Ok(()),
        }
    }

    fn stop_moving(&mut self) -> Option<jiff::Timestamp> {
        let (progress, since) = self.moving.take()?;
        progress.end();
        Some(since)
    }
}

fn sources(view: &ReportView) -> &[SourceView] {
    &view.sources
}

/// What differs and what is held.
fn differing(view: &ReportView) -> Vec<(&[crate::view::DriftView], &[crate::view::HeldView])> {
    let stacks = view.stacks.iter().map(|stack| (&stack.drift[..], &stack.held[..]));
    stacks.filter(|(drift, held)| !drift.is_empty() || !held.is_empty()).collect()
}

fn heading(text: &str) -> Result<(), Failure> {
    output::text(&format!("\n{}\n", paint(HEAD.underline(), text)))
}

fn say(text: &str) -> Result<(), Failure> {
    output::text(&format!("{} {}\n", paint(DIM, "=>"), paint(GOOD, text)))
}

/// True when everything in it was decided for this commit.
fn is_at(report: &Report, commit: &str) -> bool {
    let mut revisions = report.sources.iter().filter_map(|source| source.revision.as_ref());
    report.trouble.is_empty() && revisions.any(|revision| revision.to_string() == commit)
}

/// True when it tells of a field of the service that somebody changed by hand.
fn is_drifted(report: &Report) -> bool {
    let drift = report.stacks.values().flat_map(|stack| &stack.plan.drift);
    drift.filter(|drift| drift.object == service()).any(|d| d.cause == Cause::ChangedByHand)
}

/// True when the service was written.
fn wrote_service(report: &Report) -> bool {
    let outcomes = report.stacks.values().flat_map(|stack| &stack.outcomes);
    outcomes.filter(|one| one.object == Some(service())).any(|one| one.outcome.is_done())
}

fn service() -> ObjectRef {
    ObjectRef::new(Kind::Service, SERVICE)
}

fn scale_and_set(spec: &mut ServiceSpec) {
    let (name, value) = VARIABLE;
    spec.mode = Some(ServiceMode::Replicated(Replicated { replicas: Some(REPLICAS) }));
    let env = &mut spec.task_template.container_spec.get_or_insert_default().env;
    env.retain(|line| line.split('=').next() != Some(name));
    env.push(format!("{name}={value}"));
}
