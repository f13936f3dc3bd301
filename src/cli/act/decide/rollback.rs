//! `skep rollback`: pins a stack to what it was at an earlier revision. It writes the ledger in the
//! swarm: neither git nor an operator is needed. The operator carries it out.

use std::time::Duration;

use super::switch::Switch;
use crate::cli::args::SwarmArgs;
use crate::cli::error::Failure;
use crate::cli::start::{Engine, Environment, doors};
use crate::cli::{Exit, output};
use crate::ledger::{StableSet, current, decode};
use crate::model::{LedgerRecord, Pin, StackName};
use crate::reconcile::{Alive, alive};

/// Keep a stack at an earlier revision, at which it was healthy
///
/// It stays there until `skep resume`, or until its declaration is another one than when the operator
/// first saw this. `skep history` shows the revisions that can be had.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The stack
    stack: StackName,
    /// The revision, or the beginning of it; the one before the present one by default
    revision: Option<String>,
    /// Why, for those who look at it
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    swarm: SwarmArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let engine = doors(&args.swarm, environment)?;
    let instance = &args.swarm.instance;
    let observed = engine.doors.swarm.look().await.map_err(|error| engine.failure(error))?;
    let ledgers = decode(&observed.configs, instance);
    let stack = &args.stack;
    let Some(entry) = ledgers.stacks.get(stack) else {
        let why = ledgers.unreadable.get(stack);
        let why = why.map(|why| format!("the ledger of {stack} can't be read: {why}"));
        return Err(Failure::plain(why.unwrap_or_else(|| format!("no stack {stack} is known"))));
    };
    let revision = args.revision.as_deref();
    let set = choose((stack, revision), &entry.record, ledgers.stable_of(stack))?;
    let pin = Pin {
        number: set.number,
        revision: set.revision.clone(),
        reason: args.reason.clone(),
        against: None,
    };
    let switch = Switch { engine: &engine, instance };
    switch.change(Some(stack), |record| record.pin = Some(pin.clone())).await?;
    output::text(&format!("stack {stack} is pinned to {}\n", set.revision.short()))?;
    output::note(&carrier(&engine, &args).await?);
    Ok(Exit::Fine)
}

/// The set that is meant.
fn choose<'a>(
    (stack, revision): (&StackName, Option<&str>),
    record: &LedgerRecord,
    sets: &'a [StableSet],
) -> Result<&'a StableSet, Failure> {
    let whole = || sets.iter().rev().filter(|set| set.is_whole());
    if let Some(revision) = revision {
        let named = |set: &&StableSet| set.revision.to_string().starts_with(revision);
        let missing = || {
            Failure::plain(format!("{stack} is not kept at {revision}: see skep history {stack}"))
        };
        return whole().find(named).ok_or_else(missing);
    }
    let present = current(record, sets);
    // What is declared now is not kept when it failed: then the last that is kept came before it.
    let mut before = whole().filter(|set| present.is_none_or(|now| set.number < now.number));
    let other = |set: &&StableSet| present.is_none_or(|now| set.content != now.content);
    before.find(other).ok_or_else(|| {
        Failure::plain(format!("nothing is kept of {stack} from before: see skep history {stack}"))
    })
}

/// Says who carries it out.
async fn carrier(engine: &Engine, args: &Args) -> Result<String, Failure> {
    let waiting = |holder: &str, limit: Duration| {
        let limit = limit.as_secs();
        output::note(&format!("waiting up to {limit} s to see whether {holder} is alive\n"));
    };
    let alive = alive(&engine.lease_doors(), &args.swarm.instance, waiting).await;
    Ok(match alive.map_err(|error| engine.failure(error))? {
        Alive::Yes(holder) => format!("the operator {holder} carries it out\n"),
        Alive::No => "no operator acts now: the next one that is started carries it out\n".into(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::ledger::{pack_stable, stable_labels, stable_name};
    use crate::model::engine::{ConfigSpec, LiveConfig};
    use crate::model::{
        Instance, NewStable, Revision, ServiceRecord, SpecHash, StableService, StableStack,
    };

    fn hash(content: u32) -> SpecHash {
        SpecHash::of(&content.to_le_bytes())
    }

    /// A set of one service, by number, with this content.
    fn config((number, content): (u32, u32)) -> (String, Arc<LiveConfig>) {
        let service = StableService { hash: Some(hash(content)), ..StableService::default() };
        let services = [("shop_web".to_owned(), service)].into();
        let new = NewStable {
            stack: StackName::new("shop").expect("a name"),
            revision: Revision::Commit(format!("c{number}")),
            number,
            part: (1, 1),
            content: hash(content),
            uses: [].into(),
            spec: Arc::new(StableStack { services, ..StableStack::default() }),
        };
        let instance = Instance::default();
        let (name, labels) = (stable_name(&instance, &new), stable_labels(&instance, &new));
        let data = pack_stable(&new.spec).expect("packed").remove(0);
        let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, data);
        let spec = ConfigSpec { name: name.clone(), labels, data, ..ConfigSpec::default() };
        (name, Arc::new(LiveConfig { spec, ..LiveConfig::default() }))
    }

    /// The number that is chosen when this content was attempted last.
    fn chosen(sets: &[(u32, u32)], attempted: u32, revision: Option<&str>) -> Result<u32, String> {
        let configs: BTreeMap<_, _> = sets.iter().copied().map(config).collect();
        let ledgers = decode(&configs, &Instance::default());
        let service =
            ServiceRecord { attempted: Some(hash(attempted)), ..ServiceRecord::default() };
        let services = [("shop_web".to_owned(), service)].into();
        let record = LedgerRecord { services, ..LedgerRecord::default() };
        let shop = StackName::new("shop").expect("a name");
        let set = choose((&shop, revision), &record, ledgers.stable_of(&shop));
        set.map(|set| set.number).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn without_a_revision_the_one_before_the_present_one_is_meant() {
        let kept = [(1, 10), (2, 20), (3, 10)];
        assert_eq!(chosen(&kept, 10, None), Ok(2), "what is declared is healthy");
        assert_eq!(chosen(&kept, 99, None), Ok(3), "what is declared failed");
        assert_eq!(chosen(&kept, 20, Some("c1")), Ok(1));
        for (kept, revision) in [(&kept[..0], None), (&kept[..1], None), (&kept[..], Some("d"))] {
            assert!(chosen(kept, 10, revision).is_err(), "{kept:?}");
        }
    }
}
