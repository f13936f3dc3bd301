//! `skep status`: the stacks that skep knows, from the ledger and the live swarm; no source is
//! needed, and no operator has to run.

use std::collections::BTreeMap;

use super::job::known_job;
use crate::cli::args::{Format, OutputArgs, SourceArgs, SwarmArgs};
use crate::cli::error::Failure;
use crate::cli::start::{Environment, doors, one_shot};
use crate::cli::{Exit, last_words, output};
use crate::diff::NAMESPACE_LABEL;
use crate::health::{Clocks, Sight, health};
use crate::ledger::{Entry, Lease, Ledgers, decode, lease_name};
use crate::model::engine::Service;
use crate::model::{Instance, Kind, LedgerRecord, Observed, ServiceRecord, StackName};
use crate::status::Culprits;
use crate::view::{
    HeldRevisionView, KnownStackView, PinView, ReportView, ServiceView, StatusView, SuspensionView,
    Veil, Veiled, text,
};

/// Show the stacks that skep knows: revision, suspension, health of their services
///
/// With a SOURCE it also says what differs from it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Directory, git repository (path or URL), file, or `-` for standard input
    source: Option<String>,
    #[command(flatten)]
    source_args: SourceArgs,
    #[command(flatten)]
    swarm: SwarmArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    if let Some(source) = &args.source {
        return with_source(source, &args, environment).await;
    }
    let engine = doors(&args.swarm, environment)?;
    let observed = engine.doors.swarm.look().await;
    let observed = observed.map_err(|error| engine.failure(error))?;
    let ledgers = decode(&observed.configs, &args.swarm.instance);
    let mut view = status(&observed, &ledgers, &args.swarm.instance);
    let services = view.stacks.iter_mut().flat_map(|stack| &mut stack.services);
    last_words::complete(&*engine.logs, services).await;
    match args.output.output {
        Format::Text => output::text(&text::status(&view, output::reveal()))?,
        Format::Json => output::json(&view)?,
        Format::Markdown | Format::Html => {
            let why = "status without a SOURCE is written as text or json";
            return Err(Failure::plain(why));
        }
    }
    Ok(if ledgers.unreadable.is_empty() { Exit::Fine } else { Exit::Error })
}

async fn with_source(
    source: &str,
    args: &Args,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let source = (source, &args.source_args);
    let mut ready = one_shot(source, &args.swarm, environment).await?;
    let report = ready.look_and_decide().await?;
    let mut culprits = Culprits::default();
    culprits.note(&report);
    let mut view = ReportView::of(&report);
    last_words::add(&*ready.engine.logs, &mut view, (&report, &culprits)).await;
    output::report(&view, args.output.output, text::report)?;
    Ok(if view.has_errors() { Exit::Error } else { Exit::Fine })
}

fn status(observed: &Observed, ledgers: &Ledgers, instance: &Instance) -> StatusView {
    let mut stacks: BTreeMap<&StackName, KnownStackView> =
        ledgers.stacks.iter().map(|(name, entry)| (name, known(name, entry, observed))).collect();
    for (name, why) in &ledgers.unreadable {
        let trouble = Some(format!("its ledger can't be read: {why}"));
        let stack = KnownStackView { name: name.to_string(), trouble, ..KnownStackView::default() };
        stacks.insert(name, stack);
    }
    StatusView {
        at: observed.at,
        engine: (&observed.engine).into(),
        lease: lease(observed, instance),
        suspension: suspension(ledgers.suspension.as_ref(), observed),
        stacks: stacks.into_values().collect(),
    }
}

fn known(name: &StackName, entry: &Entry, observed: &Observed) -> KnownStackView {
    let record = &entry.record;
    let ours = record.inventory.get(&Kind::Service);
    let is_ours = |service: &Service| {
        let listed = ours.and_then(|names| names.get(&service.spec.name));
        let label = service.spec.labels.get(NAMESPACE_LABEL);
        listed == Some(&service.id)
            || (record.services.contains_key(&service.spec.name)
                && label.map(String::as_str) == Some(name.as_str()))
    };
    let services = observed.services.values().filter(|service| is_ours(service));
    let picture = |service: &std::sync::Arc<Service>| {
        let health = health(service, Sight::of(observed), Clocks::default());
        ServiceView::of(&service.spec.name, &health, &Veil::of_spec(&service.spec))
    };
    KnownStackView {
        name: name.to_string(),
        source: record.source.as_ref().map(ToString::to_string),
        revision: record.revision.as_ref().map(ToString::to_string),
        pinned: record.pin.as_ref().map(PinView::of),
        under_way: record.under_way,
        held: record.held.as_ref().map(HeldRevisionView::of),
        failed: failed(record, observed),
        approvals: record.approvals.clone(),
        suspension: suspension(record.suspension.as_ref(), observed),
        trouble: None,
        services: services.map(picture).collect(),
        jobs: record.jobs.iter().map(|(name, job)| known_job(name, job, observed)).collect(),
    }
}

/// Services whose last spec failed, and is not tried again.
fn failed(record: &LedgerRecord, observed: &Observed) -> BTreeMap<String, Veiled> {
    let failed = record.services.iter().filter(|(_, service)| {
        let attempted = service.attempted.as_ref();
        attempted.is_some_and(|spec| service.quarantine.contains(spec)) && service.retry.is_none()
    });
    let why = |(name, service): (&String, &ServiceRecord)| {
        let live = observed.services.get(name);
        let veil = live.map(|live| Veil::of_spec(&live.spec)).unwrap_or_default();
        (name.clone(), veil.over(service.failure.clone().unwrap_or_default()))
    };
    failed.map(why).collect()
}

/// Who holds the lease.
fn lease(observed: &Observed, instance: &Instance) -> Option<String> {
    Lease::read(observed.configs.get(&lease_name(instance))?)?.holder
}

fn suspension(
    suspension: Option<&crate::model::Suspension>,
    observed: &Observed,
) -> Option<SuspensionView> {
    let suspension = suspension.filter(|suspension| suspension.stands(observed.at))?;
    Some(SuspensionView { reason: suspension.reason.clone(), until: suspension.until })
}
