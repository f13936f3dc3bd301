//! The doors of a command: a swarm, its registries, the system's time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::credentials::Variables;
use super::sources::Opener;
use super::{Environment, credentials, engine};
use crate::cli::args::{SourceArgs, SwarmArgs};
use crate::cli::error::Failure;
use crate::clock::SystemClock;
use crate::ledger::{is_lease_name, is_ledger_name};
use crate::load::Identities;
use crate::plan::Removals;
use crate::ports::{Clock, Logins, OneConfig, SwarmError, TaskLogs};
use crate::reconcile::{Doors, LeaseDoors, NamedSource, Operator, Settings};
use crate::source::Manner;
use crate::status::Report;
use crate::swarm::Host;
use crate::view::{ReportView, SourceBasis};
use crate::{registry, swarm};

/// The doors to an engine, and where it is.
pub(crate) struct Engine {
    /// The doors.
    pub(crate) doors: Doors,
    /// Reads one config.
    pub(crate) configs: Arc<dyn OneConfig>,
    /// Reads what tasks wrote.
    pub(crate) logs: Arc<dyn TaskLogs>,
    /// Its address.
    pub(crate) host: Host,
}

impl Engine {
    /// Tells what the engine said to a call.
    pub(crate) fn failure(&self, error: SwarmError) -> Failure {
        Failure::new(format!("ask the engine at {}", self.host), error)
    }

    /// The doors for the lease.
    pub(crate) fn lease_doors(&self) -> LeaseDoors {
        LeaseDoors {
            configs: Arc::clone(&self.configs),
            swarm: Arc::clone(&self.doors.swarm),
            clock: Arc::clone(&self.doors.clock),
        }
    }
}

/// Opens the doors. The engine is not dialled yet.
pub(crate) fn doors(args: &SwarmArgs, environment: &Environment) -> Result<Engine, Failure> {
    let address = engine::find(args.host.as_deref(), environment)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let logins = logins(args, environment, &clock)?;
    let settings = credentials::registries(&args.registries, environment)?;
    let options = swarm::Options {
        tls: address.tls,
        logins: Arc::clone(&logins),
        own_config: is_ledger_name,
        unheard_config: is_lease_name,
        ..swarm::Options::new(Arc::clone(&clock))
    };
    let swarm = swarm::connect(&address.host, options)
        .map_err(|error| Failure::new(format!("reach the engine at {}", address.host), error))?;
    let engine = registry::connect(swarm.docker(), Arc::clone(&logins));
    let registries = registry::Registries::new(settings, logins, Arc::clone(&clock));
    let registry = Arc::new(registries.or_through(engine));
    let swarm = Arc::new(swarm);
    let doors = Doors { swarm: swarm.clone(), registry, clock };
    Ok(Engine { doors, configs: swarm.clone(), logs: swarm, host: address.host })
}

/// Logins to registries. Helpers that the file names and nobody allowed are told of: what only they
/// know is missing.
fn logins(
    args: &SwarmArgs,
    environment: &Environment,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Logins>, Failure> {
    let file = credentials::for_registries(args, environment)?;
    let allowed = args.registries.credential_helper.iter().cloned().collect();
    let logins = registry::HelpedLogins::new(file, allowed, Arc::clone(clock));
    for helper in logins.left_out() {
        tracing::warn!(
            "docker's config.json names the credential helper '{helper}', which is not started: \
             --credential-helper {helper} allows it"
        );
    }
    Ok(Arc::new(logins))
}

/// Settings that the options give; `variables` are those for interpolation.
pub(crate) fn settings(
    swarm: &SwarmArgs,
    source: &SourceArgs,
    (variables, identities): (BTreeMap<String, String>, Identities),
) -> Result<Settings, Failure> {
    Ok(Settings {
        instance: swarm.instance.clone(),
        variables,
        name: source.name.clone(),
        key: credentials::hash_key(swarm)?,
        identities,
        ..Settings::default()
    })
}

/// A one-shot command that is ready to go: its source is read.
pub(crate) struct Ready {
    /// The operator.
    pub(crate) operator: Operator,
    /// The engine that it uses.
    pub(crate) engine: Engine,
    /// Its settings.
    pub(crate) settings: Settings,
    /// Where its source is, and how it is read.
    pub(crate) origin: SourceBasis,
}

impl Ready {
    /// Looks and decides. An engine that does not answer ends the command: there is nothing to
    /// show then.
    pub(crate) async fn preview(&mut self) -> Result<ReportView, Failure> {
        self.look_and_decide().await.map(|report| ReportView::of(&report))
    }

    /// The same as a report.
    pub(crate) async fn look_and_decide(&mut self) -> Result<Report, Failure> {
        let mut report = self.operator.preview().await;
        if self.operator.read_opened().await {
            report = self.operator.preview().await;
        }
        if report.engine.is_some() {
            return Ok(report);
        }
        let attempted = format!("ask the engine at {}", self.engine.host);
        Err(Failure::new(attempted, report.trouble.join("; ")))
    }
}

/// Makes an operator for a command that only looks, and reads its source.
pub(crate) async fn one_shot(
    source: (&str, &SourceArgs),
    swarm: &SwarmArgs,
    environment: &Environment,
) -> Result<Ready, Failure> {
    one_shot_with(source, swarm, environment, |_| {}).await
}

/// Makes an operator for a one-shot command and reads its source. It removes nothing, unless the
/// settings are adjusted so.
pub(crate) async fn one_shot_with(
    (text, source): (&str, &SourceArgs),
    swarm: &SwarmArgs,
    environment: &Environment,
    adjust: impl FnOnce(&mut Settings),
) -> Result<Ready, Failure> {
    let opener = Opener { credentials: &source.credentials, manner: Manner::AsItLies, environment };
    let opened = opener.open(text, source)?;
    let engine = doors(swarm, environment)?;
    let file = source.credentials.age_key_file.as_deref();
    let identities = credentials::identities(file, (environment, Variables::Shared))?;
    let mut settings = settings(swarm, source, (environment.texts(), identities))?;
    settings.globs = opened.globs;
    settings.removals = Removals::NotAsked;
    adjust(&mut settings);
    let NamedSource { name, source: door } = opened.source;
    let origin = SourceBasis {
        address: opened.address,
        commit: None,
        path: source.path.clone(),
        name: source.name.as_ref().map(ToString::to_string),
        source_name: name.to_string(),
    };
    let source = NamedSource { name, source: door };
    let mut operator = Operator::new(engine.doors.clone(), vec![source], settings.clone())
        .following(opener.of_declared());
    operator.read_sources().await;
    Ok(Ready { operator, engine, settings, origin })
}
