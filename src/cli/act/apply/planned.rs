//! A plan that was written to a file: made against what there was then, and carried out only while
//! that still stands.
#![expect(clippy::disallowed_methods, reason = "a file is named on the command line")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::cli::args::{SourceArgs, SwarmArgs};
use crate::cli::error::Failure;
use crate::cli::start::Ready;
use crate::ledger::decode;
use crate::model::{HashKey, Instance, SourceName, StackName};
use crate::plan::{Removals, StackPlan};
use crate::status::Report;
use crate::view::{BASIS_FORMAT, Basis, ReportView, StackBasis};

/// Most bytes of a file with a plan.
const MOST: u64 = 256 << 20;

/// What `skep plan -o json` writes: the report, and what it was made against.
#[derive(Serialize)]
pub(in crate::cli) struct PlanFile<'a> {
    #[serde(flatten)]
    pub(in crate::cli) report: &'a ReportView,
    pub(in crate::cli) basis: &'a Basis,
}

/// The part of it that is read.
#[derive(Deserialize)]
struct Written {
    basis: Basis,
}

/// Reads a file that `skep plan -o json` wrote.
pub(super) fn read(path: &Path) -> Result<Basis, Failure> {
    let attempted = || format!("read the plan {}", path.display());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| Failure::new(attempted(), error))?;
    let read = file.take(MOST + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::new(attempted(), error))?;
    if bytes.len() as u64 > MOST {
        return Err(Failure::new(attempted(), format!("it is larger than {MOST} bytes")));
    }
    let written: Written = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::new(attempted(), format!("`skep plan -o json` did not write it: {error}"))
    })?;
    match written.basis.format {
        BASIS_FORMAT => Ok(written.basis),
        format => Err(Failure::new(
            attempted(),
            format!("it has format {format}, this skep knows {BASIS_FORMAT}"),
        )),
    }
}

/// The source of a plan, as on a command line: its address, and how it is read. What was given
/// beside the plan goes before what the plan says.
pub(super) fn source(
    basis: &Basis,
    given: Option<&str>,
    args: &SourceArgs,
) -> Result<(String, SourceArgs), Failure> {
    let planned = &basis.source;
    let address = given.unwrap_or(&planned.address);
    if planned.address == "-" && given.is_none() {
        return Err(Failure::plain(
            "the plan was made of standard input: give the file as SOURCE beside --plan",
        ));
    }
    let name = |name: &String| {
        StackName::new(name.clone()).map_err(|error| Failure::new("read the plan", error))
    };
    let source_name = SourceName::new(planned.source_name.clone());
    let source_name = source_name.map_err(|error| Failure::new("read the plan", error))?;
    let args = SourceArgs {
        reference: planned.commit.clone(),
        path: planned.path.clone(),
        name: planned.name.as_ref().map(name).transpose()?,
        source_name: Some(source_name),
        credentials: args.credentials.clone(),
    };
    Ok((address.to_owned(), args))
}

/// The instance of a plan; another one that was given is a mistake.
pub(super) fn instance(basis: &Basis, args: &SwarmArgs) -> Result<Instance, Failure> {
    let planned = Instance::new(basis.instance.clone());
    let planned = planned.map_err(|error| Failure::new("read the plan", error))?;
    if args.instance != planned && args.instance != Instance::default() {
        let (planned, given) = (planned.as_str(), args.instance.as_str());
        return Err(Failure::plain(format!("the plan is of instance {planned}, not {given}")));
    }
    Ok(planned)
}

/// What the swarm itself says beside a report.
pub(in crate::cli) struct Against {
    key: Option<HashKey>,
    applied: BTreeMap<StackName, String>,
}

impl Against {
    /// Looks.
    pub(in crate::cli) async fn look(ready: &Ready) -> Result<Self, Failure> {
        let engine = &ready.engine;
        let observed = engine.doors.swarm.look().await.map_err(|error| engine.failure(error))?;
        let ledgers = decode(&observed.configs, &ready.settings.instance);
        let applied = ledgers.stacks.iter().filter_map(|(name, entry)| {
            Some((name.clone(), entry.record.revision.as_ref()?.to_string()))
        });
        Ok(Self { applied: applied.collect(), key: ready.settings.key.clone().or(ledgers.key) })
    }

    /// The same without a key where a plan was made without one.
    fn keyed_as(self, basis: &Basis) -> Self {
        Self { key: self.key.filter(|_| basis.keyed), ..self }
    }

    /// What a report was made against.
    pub(in crate::cli) fn basis(&self, ready: &Ready, report: &Report) -> Basis {
        let stacks = report.stacks.iter().map(|(name, stack)| {
            let applied = self.applied.get(name).cloned();
            (name.clone(), self.of_plan(&stack.plan, applied))
        });
        let revisions = report.sources.iter().filter_map(|source| {
            Some((source.name.to_string(), source.revision.as_ref()?.to_string()))
        });
        let mut origin = ready.origin.clone();
        let own = report.sources.first().and_then(|source| source.revision.as_ref());
        origin.commit = own.and_then(|revision| match revision {
            crate::model::Revision::Commit(id) => Some(id.clone()),
            crate::model::Revision::Tree(_) => None,
        });
        Basis {
            format: BASIS_FORMAT,
            instance: ready.settings.instance.to_string(),
            swarm: report.engine.as_ref().map(|e| e.cluster.clone()).unwrap_or_default(),
            source: origin,
            prune: ready.settings.removals == Removals::Asked,
            keyed: self.key.is_some(),
            revisions: revisions.collect(),
            stacks: stacks.collect(),
        }
    }

    /// Hashes of a key that nobody keeps yet are others in each process.
    fn of_plan(&self, plan: &StackPlan, applied: Option<String>) -> StackBasis {
        if self.key.is_some() {
            return StackBasis::of(plan, applied, self.key.as_ref());
        }
        let mut plan = plan.clone();
        plan.leave_out_hashes();
        StackBasis::of(&plan, applied, None)
    }
}

/// Compares the plan that would be made now with the one of a file, and has the operator do the same
/// again with what it decides in its next pass: between the two, something may move.
pub(super) async fn hold_to(ready: &mut Ready, planned: Basis) -> Result<(), Failure> {
    let report = ready.look_and_decide().await?;
    let against = Against::look(ready).await?.keyed_as(&planned);
    let moved = planned.moved(&against.basis(ready, &report));
    if !moved.is_empty() {
        return Err(refused(&moved));
    }
    ready.operator.agree(move |plans: &[&StackPlan]| {
        let mut moved = Vec::new();
        for plan in plans {
            let now = against.of_plan(plan, None);
            let nothing = StackBasis::default();
            let then = planned.stacks.get(&plan.stack).unwrap_or(&nothing);
            let lines = then.moved_decisions(&now);
            moved.extend(lines.into_iter().map(|line| format!("stack {}: {line}", plan.stack)));
        }
        moved
    });
    Ok(())
}

/// What is told when a plan does not stand any more.
pub(super) fn refused(moved: &[String]) -> Failure {
    let list = moved.join("\n");
    Failure::plain(format!(
        "the plan is not carried out: what it was made against moved on\n{list}"
    ))
}
