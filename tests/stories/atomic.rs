//! Stacks that go back as one.

use std::time::Duration;

use skep::sim::Behaviour;
use skep::status::{ConditionKind, Report, Settled};

use crate::play::{Play, SHOP, reference};

const ATOMIC: &str = "x-skep: {rollout: {atomic: true}}\n";

/// The shop, atomic, whose next web image crashes so long after its start.
async fn shop(after: Duration) -> Play {
    let mut play = Play::new();
    play.world.registry.push(&reference("registry.test/web:3"), "registry.test/web:3");
    play.world.swarm.set_image("registry.test/web:2", Behaviour::ExitsAfter(after, 3));
    play.commit_shop(&format!("{ATOMIC}{SHOP}"));
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play
}

/// The next revision: both services change, and one is made.
fn next(web: &str) -> String {
    let text = SHOP.replace("web:1", web).replace("fast", "next");
    let more = "services:\n  more: {image: 'registry.test/api:1', networks: [front]}\n";
    let text = text.replace("services:\n", more);
    format!(
        "{ATOMIC}{}",
        text.replace(
            "    secrets: [password]\n",
            "    secrets: [password]\n    environment: {NEXT: '1'}\n"
        )
    )
}

async fn environment(play: &Play, service: &str) -> Vec<String> {
    let observed = skep::ports::Swarm::look(&play.world.swarm).await.expect("a look");
    let container = &observed.services[service].spec.task_template.container_spec;
    container.as_ref().expect("a container").env.clone()
}

fn rolled_out(report: &Report) -> Option<String> {
    let stack = report.stacks.values().next().expect("the shop");
    let mut conditions = stack.conditions.iter();
    let condition = conditions.find(|condition| condition.kind == ConditionKind::RolledOut);
    condition.map(|condition| condition.reason.clone())
}

#[tokio::test]
async fn where_one_failed_all_that_the_revision_changed_go_back() {
    // Before and after the other one is healthy.
    for after in [Duration::ZERO, Duration::from_secs(40)] {
        let mut play = shop(after).await;
        play.commit_shop(
            &next("web:2").replace("x-skep: {rollout: {", "x-skep: {rollout: {min_healthy: 50s, "),
        );
        let mut report = play.pass().await;
        for _ in 0..300 {
            play.world.advance(Duration::from_secs(1)).await;
            play.restart();
            report = play.pass().await;
            assert_eq!(report.trouble, Vec::<String>::new());
        }
        assert_eq!(Play::held(&report), ["shop_api Quarantined", "shop_web Quarantined"]);
        assert_eq!(environment(&play, "shop_api").await, Vec::<String>::new(), "{after:?}");
        assert_eq!(environment(&play, "shop_web").await, ["MODE=fast"]);
        assert_eq!(rolled_out(&report).as_deref(), Some("RolledBack"));
        let api = &report.stacks.values().next().expect("the shop").plan.held[0].reason;
        assert!(api.to_string().contains("shop_web failed, and the stack is atomic"), "{api}");
        let expected = [
            "create service/shop_more",
            "roll back service/shop_api",
            "roll back service/shop_web",
            "update service/shop_api",
            "update service/shop_web",
        ];
        assert_eq!(play.wrote(), expected, "{after:?}");
        // Another spec of the one that failed, and all of it is tried again.
        play.commit_shop(&next("web:3"));
        assert_eq!(play.converge().await, Settled::Well);
        assert_eq!(play.wrote(), ["update service/shop_api", "update service/shop_web"]);
        assert_eq!(environment(&play, "shop_api").await, ["NEXT=1"]);
        assert_eq!(rolled_out(&play.pass().await), None);
    }
}

#[tokio::test]
async fn a_person_has_all_of_it_tried_again() {
    let mut play = shop(Duration::ZERO).await;
    play.commit_shop(&next("web:2"));
    assert_eq!(play.converge().await, Settled::Badly);
    play.world.swarm.set_image("registry.test/web:2", Behaviour::Usual);
    play.retry().await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(environment(&play, "shop_api").await, ["NEXT=1"]);
}

#[tokio::test]
async fn without_it_only_what_failed_goes_back() {
    let mut play = shop(Duration::ZERO).await;
    play.commit_shop(&next("web:2").replace(ATOMIC, ""));
    assert_eq!(play.converge().await, Settled::Badly);
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web Quarantined"]);
    assert_eq!(environment(&play, "shop_api").await, ["NEXT=1"]);
    assert_eq!(rolled_out(&report).as_deref(), Some("RolledBack"));
}
