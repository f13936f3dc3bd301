//! What was healthy is kept in the swarm, and is what a service goes back to.

use std::time::Duration;

use skep::ledger::{Ledgers, StableSet, decode};
use skep::model::{Instance, Kind, StackName};
use skep::ports::Swarm as _;
use skep::sim::Behaviour;
use skep::status::{Report, Settled, settled};

use crate::play::{Play, SHOP};

const SECOND: Duration = Duration::from_secs(1);
const WEB: &str = "shop_web";
const GOOD: &str = "registry.test/web:1";

/// What the ledger holds.
async fn ledgers(play: &Play) -> Ledgers {
    let observed = play.world.swarm.look().await.expect("a look");
    decode(&observed.configs, &Instance::default())
}

/// Sets of the shop that are kept.
async fn sets(play: &Play) -> Vec<StableSet> {
    ledgers(play).await.stable_of(&StackName::new("shop").expect("a name")).to_vec()
}

async fn numbers(play: &Play) -> Vec<u32> {
    sets(play).await.iter().map(|set| set.number).collect()
}

/// Makes passes, a second apart, each by a process that knows nothing, until nothing moves.
async fn converge_with_restarts(play: &mut Play) -> Report {
    for _ in 0..1200 {
        play.restart();
        let report = play.pass().await;
        assert_eq!(report.trouble, Vec::<String>::new());
        if report.stacks.values().all(|stack| settled(stack) != Settled::OnTheWay) {
            return report;
        }
        play.world.advance(SECOND).await;
    }
    unreachable!("it does not settle");
}

/// The image of the web service and its action on failure.
async fn web(play: &Play) -> (String, String) {
    let observed = play.world.swarm.look().await.expect("a look");
    let spec = &observed.services[WEB].spec;
    let image = &spec.task_template.container_spec.as_ref().expect("a container").image;
    let image = image.split('@').next().unwrap_or_default().to_owned();
    let config = spec.update_config.as_ref();
    (image, config.map_or_else(String::new, |config| config.failure_action.clone()))
}

/// The shop with a web service of this version that the engine does this with when it fails.
fn shop(version: &str, action: &str) -> String {
    let update = format!("      replicas: 2\n      update_config: {{failure_action: {action}}}\n");
    let rollout = "    x-skep: {rollout: {on_failure: rollback}}\n    environment:\n";
    let text = SHOP.replacen("    environment:\n", rollout, 1).replace("web:1", version);
    text.replacen("      replicas: 2\n", &update, 1)
}

#[tokio::test]
async fn what_settled_is_kept_once_and_a_pass_that_changes_nothing_keeps_nothing() {
    let mut play = Play::shop().await;
    assert_eq!(numbers(&play).await, [1]);
    let before = play.world.swarm.look().await.expect("a look").configs;
    for _ in 0..5 {
        play.restart();
        assert!(play.pass().await.stacks.values().all(|stack| stack.plan.is_empty()));
        play.world.advance(60 * SECOND).await;
    }
    let after = play.world.swarm.look().await.expect("a look").configs;
    assert_eq!(before, after);
    let kept = sets(&play).await[0].open().expect("it opens");
    assert_eq!(kept.services.keys().collect::<Vec<_>>(), ["shop_api", WEB]);
    let spec = serde_json::to_string(&kept).expect("JSON");
    assert!(spec.contains("\"shop_front\"") && !spec.contains("hunter2"), "{spec}");
}

#[tokio::test]
async fn the_last_five_are_kept_with_the_versions_that_they_need() {
    let mut play = Play::shop().await;
    for change in 2..=7 {
        let text = SHOP.replace("fast", &format!("fast-{change}"));
        let motd = format!("hello {change}\n");
        let files = [
            ("shop/compose.yml", text.as_str()),
            ("shop/motd.txt", motd.as_str()),
            ("shop/password.txt", "hunter2\n"),
        ];
        play.commit(&files);
        assert_eq!(play.converge().await, Settled::Well);
        // Old tasks are forgotten by the engine only after a while.
        play.world.advance(60 * SECOND).await;
        play.pass().await;
    }
    assert_eq!(numbers(&play).await, [3, 4, 5, 6, 7]);
    play.world.advance(600 * SECOND).await;
    play.pass().await;
    let motds = play.names(Kind::Config).await;
    let used: Vec<String> =
        sets(&play).await.iter().flat_map(|set| set.uses.clone()).map(|o| o.name).collect();
    assert!(motds.iter().all(|name| used.contains(name)), "{motds:?} {used:?}");
    assert_eq!(motds.len(), 5);
}

#[tokio::test]
async fn two_bad_commits_in_a_row_end_on_the_last_good_spec() {
    // A task that fails while the engine watches, or after it called the update good.
    for behaviour in
        [Behaviour::ExitsAfter(Duration::ZERO, 3), Behaviour::ExitsAfter(8 * SECOND, 1)]
    {
        for action in ["pause", "continue", "rollback"] {
            let mut play = Play::new();
            for image in ["registry.test/web:2", "registry.test/web:3"] {
                play.world.registry.push(&crate::play::reference(image), image);
                play.world.swarm.set_image(image, behaviour.clone());
            }
            let shop = |version: &str| shop(version, action);
            play.commit_shop(&shop("web:1"));
            assert_eq!(play.converge().await, Settled::Well);
            play.commit_shop(&shop("web:2"));
            play.pass().await;
            play.world.advance(SECOND).await;
            play.commit_shop(&shop("web:3"));
            let report = converge_with_restarts(&mut play).await;
            assert_eq!(web(&play).await, (GOOD.to_owned(), action.to_owned()), "{behaviour:?}");
            assert_eq!(Play::held(&report), ["shop_web Quarantined"]);
            assert_eq!(play.tasks(WEB).await.len(), 2);
            // Nothing more happens, and a good commit is not held.
            play.wrote();
            for _ in 0..5 {
                play.restart();
                play.pass().await;
                play.world.advance(60 * SECOND).await;
            }
            assert_eq!(play.wrote(), Vec::<String>::new(), "{behaviour:?} {action}");
            assert_eq!(numbers(&play).await, [1]);
            play.commit_shop(&shop("web:1").replace("fast", "slow"));
            assert_eq!(play.converge().await, Settled::Well);
            assert_eq!(numbers(&play).await, [1, 2]);
        }
    }
}

#[tokio::test]
async fn a_stack_that_left_git_leaves_nothing_behind() {
    let mut play = Play::shop().await;
    play.commit(&[("other/compose.yml", "services: {a: {image: 'registry.test/api:1'}}\n")]);
    let files = ["shop/compose.yml", "shop/motd.txt", "shop/password.txt"];
    play.world.source.delete("goodbye", &files).expect("paths");
    for _ in 0..10 {
        play.pass().await;
        play.world.advance(10 * SECOND).await;
    }
    assert_eq!(numbers(&play).await, [0; 0]);
    // What was removed for a commit is counted until the next one.
    play.commit(&[("other/more.yml", "services: {b: {image: 'registry.test/api:1'}}\n")]);
    play.pass().await;
    assert!(!ledgers(&play).await.stacks.contains_key(&StackName::new("shop").expect("a name")));
}
