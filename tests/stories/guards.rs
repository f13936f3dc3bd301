//! What the stacks of a source may do.

use skep::status::Settled;

use crate::play::{Play, SHOP};

const NOTHING: [&str; 0] = [];

const GUARD: &str = "\
apiVersion: skep/v1
kind: Guard
metadata: {name: teams}
spec:
  stacks: [other]
  images: {allow: [registry.test/api]}
  traefik: {}
";

/// Another stack than the shop, with this image and these labels.
fn other(image: &str, labels: &str) -> String {
    format!(
        "services:\n  db: {{image: 'registry.test/{image}', deploy: {{replicas: 1, labels: \
         {{{labels}}}}}}}\n"
    )
}

/// The shop and another stack, converged, with a guard.
async fn guarded() -> Play {
    let mut play = Play::shop().await;
    play.commit(&[("guard.yml", GUARD), ("other/compose.yml", &other("api:1", ""))]);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play
}

#[tokio::test]
async fn a_stack_that_breaks_a_rule_is_held_and_the_others_go_on() {
    let mut play = guarded().await;
    let broken = other("web:2", "") + "  new: {image: 'registry.test/api:1'}\n";
    play.commit(&[
        ("other/compose.yml", &broken),
        ("shop/compose.yml", &SHOP.replace("fast", "slow")),
    ]);
    play.converge().await;
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["other_db Guarded", "other_new Guarded"]);
    let stack = report.stacks.values().next().expect("the other stack");
    let told: Vec<String> = stack.plan.held.iter().map(|held| held.reason.to_string()).collect();
    assert_eq!(
        told[0],
        "other/compose.yml:2: the image registry.test/web:2 is not allowed (the guard teams says so: \
         images, guard.yml:6)"
    );
    play.commit(&[("other/compose.yml", &other("api:1", "a: b"))]);
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/other_db"]);
}

#[tokio::test]
async fn nothing_of_a_guarded_stack_is_removed() {
    let mut play = guarded().await;
    let two = other("api:1", "") + "  more: {image: 'registry.test/api:1'}\n";
    play.commit(&[("other/compose.yml", &two)]);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play.commit(&[("other/compose.yml", &other("web:1", ""))]);
    for _ in 0..20 {
        play.pass().await;
        play.world.advance(std::time::Duration::from_secs(2)).await;
    }
    assert_eq!(play.wrote(), NOTHING);
}

#[tokio::test]
async fn a_guard_that_comes_later_tells_what_runs_and_leaves_it() {
    let mut play = Play::shop().await;
    play.commit(&[("other/compose.yml", &other("web:1", ""))]);
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play.commit(&[("guard.yml", GUARD)]);
    assert_eq!(Play::held(&play.pass().await), ["other_db Guarded"]);
    let log = play.world.swarm.log().len();
    assert_eq!(Play::held(&play.pass().await), ["other_db Guarded"]);
    assert_eq!((play.wrote(), play.world.swarm.log().len()), (Vec::new(), log));
}

#[tokio::test]
async fn a_guard_with_a_mistake_holds_what_it_may_be_about() {
    let mut play = guarded().await;
    for (guard, held) in [
        (GUARD.replace("images: {allow", "imags: {allow"), vec!["other_db ViewIncomplete"]),
        (
            GUARD.replace("stacks: [other]", "stacks: other"),
            vec!["other_db ViewIncomplete", "shop_web ViewIncomplete"],
        ),
        (
            GUARD.replace("spec:", "spec: ["),
            vec!["other_db ViewIncomplete", "shop_web ViewIncomplete"],
        ),
    ] {
        play.commit(&[
            ("guard.yml", &guard),
            ("other/compose.yml", &other("api:1", "a: b")),
            ("shop/compose.yml", &SHOP.replace("fast", "slow")),
        ]);
        let mut told = Play::held(&play.pass().await);
        told.sort();
        assert_eq!(told, held, "{guard}");
        if held.len() == 1 {
            play.wrote();
            play.commit(&[("shop/compose.yml", SHOP)]);
            play.converge().await;
            play.wrote();
        }
    }
    assert_eq!(play.wrote(), NOTHING);
}

#[tokio::test]
async fn who_runs_with_a_host_keeps_it() {
    let mut play = guarded().await;
    let label = "traefik.http.routers.db.rule: 'Host(`x.test`)'";
    play.commit(&[("other/compose.yml", &other("api:1", label))]);
    assert_eq!(play.converge().await, Settled::Well);
    // By name this one would be the first.
    let everybody = GUARD.replace("  stacks: [other]\n", "").replace("api]", "*]");
    let also = other("api:1", &label.replace("db", "also"));
    play.commit(&[("guard.yml", &everybody), ("also/compose.yml", &also)]);
    play.converge().await;
    let report = play.pass().await;
    let held = Play::held(&report);
    assert_eq!(held, ["also_default Guarded", "also_db Guarded"]);
    let stack = report.stacks.values().next().expect("the later stack");
    let told = stack.plan.held[1].reason.to_string();
    assert!(told.contains("also/compose.yml:2: the host x.test is the stack other's"), "{told}");
    assert!(told.contains("(other/compose.yml:2)"), "{told}");
}
