//! A skep takes over from the one before it, whose records it finds (`upgrade/ledger-1.json`: as
//! they were written before stable specs were kept).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use skep::execute::ledger_write;
use skep::ledger::{Ledgers, decode};
use skep::model::engine::{ConfigSpec, LiveConfig, StringMap};
use skep::model::{Instance, Inventory, Kind, LedgerRecord, StackName, Step};
use skep::ports::Swarm as _;
use skep::sim::Behaviour;
use skep::status::Report;

use crate::play::{Play, SHOP};

const BEFORE: &str = include_str!("upgrade/ledger-1.json");
const TOOL: &str = "services:\n  tool:\n    image: registry.test/api:1\n";

fn name(stack: &str) -> StackName {
    StackName::new(stack).expect("a name")
}

/// The records as this skep reads them.
fn before() -> Ledgers {
    let labels: BTreeMap<String, StringMap> = serde_json::from_str(BEFORE).expect("labels");
    let config = |(name, labels): (String, StringMap)| {
        let spec = ConfigSpec { name: name.clone(), labels, ..ConfigSpec::default() };
        (name, Arc::new(LiveConfig { spec, ..LiveConfig::default() }))
    };
    decode(&labels.into_iter().map(config).collect(), &Instance::default())
}

/// What was declared when the records were written.
fn commit(play: &Play, web: &str) {
    let worker =
        |n| format!("  worker-{n}: {{image: 'registry.test/api:1', deploy: {{replicas: 0}}}}\n");
    let wide = format!("services:\n{}", (0..150).map(worker).collect::<String>());
    let gate = format!("x-skep: {{approval: manual}}\n{TOOL}");
    play.commit_shop(&SHOP.replace("web:1", web));
    play.commit(&[
        ("tools/compose.yml", TOOL),
        ("gate/compose.yml", &gate),
        ("wide/compose.yml", &wide),
    ]);
}

/// A swarm as the skep before left it: converged, but for a commit that failed.
async fn left() -> Play {
    let mut play = Play::new();
    let failing = Behaviour::ExitsAfter(Duration::ZERO, 3);
    play.world.swarm.set_image("registry.test/web:2", failing);
    commit(&play, "web:1");
    let report = play.pass().await;
    play.approve(&report).await;
    play.converge().await;
    commit(&play, "web:2");
    play.converge().await;
    put_back_records(&play).await;
    play.restart();
    play.wrote();
    play
}

/// Puts the old records in the place of those that this skep wrote. Ids are those of this swarm,
/// and commits those of this repository.
async fn put_back_records(play: &Play) {
    let observed = play.world.swarm.look().await.expect("a look");
    let hand = play.world.swarm.hand();
    for name in observed.configs.keys() {
        if name.starts_with("skep.ledger.") || name.starts_with("skep.stable.") {
            hand.remove(Kind::Config, name).expect("a removal");
        }
    }
    let now = decode(&observed.configs, &Instance::default());
    for (stack, entry) in before().stacks {
        let mut record = LedgerRecord::clone(&entry.record);
        let now = &now.stacks[&stack].record;
        record.inventory = with_ids(record.inventory, &now.inventory);
        record.revision.clone_from(&now.revision);
        let write = ledger_write(&Instance::default(), Some(&stack), &record, None);
        hand.write(&write.expect("a write")).expect("a record");
    }
}

fn with_ids(before: Inventory, now: &Inventory) -> Inventory {
    let names = |(kind, names): (Kind, BTreeMap<String, String>)| {
        let id = |name: String| (name.clone(), now[&kind][&name].clone());
        (kind, names.into_keys().map(id).collect())
    };
    before.into_iter().map(names).collect()
}

async fn record(play: &Play, stack: &str) -> LedgerRecord {
    let observed = play.world.swarm.look().await.expect("a look");
    LedgerRecord::clone(
        &decode(&observed.configs, &Instance::default()).stacks[&name(stack)].record,
    )
}

/// What a pass did, in short.
fn steps(report: &Report, stack: &str) -> Vec<String> {
    let steps = report.stacks[&name(stack)].plan.steps.iter();
    steps.map(|planned| planned.step.kind().to_string()).collect()
}

#[test]
fn records_of_the_format_before_are_read_as_they_were_meant() {
    let ledgers = before();
    assert_eq!(ledgers.unreadable.len(), 0);
    assert!(BEFORE.contains("deflate:"), "one of them is compressed");
    assert_eq!(ledgers.stacks[&name("wide")].record.services.len(), 150);
    let shop = &ledgers.stacks[&name("shop")].record;
    let web = &shop.services["shop_web"];
    assert_eq!(web.attempted, web.quarantine.first().cloned());
    assert!(web.failure.as_deref().is_some_and(|why| why.contains("non-zero exit (3)")));
    assert_eq!(shop.inventory.values().map(BTreeMap::len).sum::<usize>(), 5);
    assert_eq!(ledgers.stacks[&name("gate")].record.approvals.len(), 1);
    let suspension = ledgers.stacks[&name("tools")].record.suspension.clone();
    assert_eq!(suspension.expect("a suspension").reason, "patching the database");
}

#[tokio::test]
async fn after_an_upgrade_nothing_moves_and_what_is_stable_is_kept_once() {
    let mut play = left().await;
    let report = play.pass().await;
    assert_eq!(report.trouble, Vec::<String>::new());
    assert_eq!(steps(&report, "wide"), ["keep"]);
    assert_eq!(steps(&report, "tools"), [""; 0], "it is suspended");
    assert_eq!(steps(&report, "shop"), [""; 0], "it is not as declared");
    assert_eq!(Play::held(&report), ["shop_web Quarantined"]);
    let kept =
        report.stacks[&name("wide")].plan.steps.iter().find_map(|planned| match &planned.step {
            Step::KeepStable(new) => Some(new.spec.services.len()),
            _ => None,
        });
    assert_eq!(kept, Some(150));
    for _ in 0..3 {
        play.restart();
        let report = play.pass().await;
        assert!(report.stacks.values().all(|stack| stack.plan.is_empty()), "{report:?}");
    }
    assert_eq!(play.wrote(), [""; 0]);
    let (shop, tools) = (record(&play, "shop").await, record(&play, "tools").await);
    assert_eq!(shop.services["shop_web"].quarantine.len(), 1);
    assert!(tools.suspension.is_some());
}

#[tokio::test]
async fn what_was_known_to_have_failed_goes_on_being_known() {
    let mut play = left().await;
    // A drift of a suspended stack is not repaired, and a good commit ends the quarantine.
    play.world.swarm.hand().set_env("tools_tool", "ODD", "1").expect("a write");
    let report = play.pass().await;
    assert!(Play::held(&report).contains(&"tools_tool Suspended".to_owned()));
    assert_eq!(play.wrote(), [""; 0]);
    commit(&play, "web:1");
    play.converge().await;
    assert_eq!(play.wrote(), [""; 0], "that runs already");
    assert_eq!(steps(&play.pass().await, "shop"), [""; 0]);
    let observed = play.world.swarm.look().await.expect("a look");
    assert!(observed.configs.contains_key("skep.stable.skep.shop.1.1"));
}

#[tokio::test]
async fn a_record_of_a_newer_format_is_left_alone_and_so_is_its_stack() {
    let mut play = left().await;
    let newer = |record: &mut LedgerRecord| record.format = 2;
    play.decide(&name("wide"), newer).await;
    play.world.swarm.hand().set_env("wide_worker-1", "ODD", "1").expect("a write");
    let report = play.pass().await;
    assert_eq!(report.trouble.len(), 1, "{:?}", report.trouble);
    assert!(
        report.trouble[0].contains("format 2, this skep knows up to 1"),
        "{:?}",
        report.trouble
    );
    assert_eq!(play.wrote(), [""; 0]);
    let observed = play.world.swarm.look().await.expect("a look");
    assert!(!observed.configs.contains_key("skep.stable.skep.wide.1.1"));
}
