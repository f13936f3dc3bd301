//! What the author of a stack wants done by a person's word only, and at certain times.

use jiff::SignedDuration;
use skep::ports::Clock as _;
use skep::status::Settled;

use crate::play::{Play, SHOP};

const MANUAL: &str = "x-skep: {approval: manual}\n";

fn manual(text: &str) -> String {
    format!("{MANUAL}{text}")
}

/// The shop with a window in which it is written, so long from now on.
fn windowed(play: &Play, text: &str, ahead: SignedDuration) -> String {
    let start = play.world.clock.now() + ahead;
    let start = start.to_zoned(jiff::tz::TimeZone::UTC);
    format!(
        "x-skep: {{windows: [{{kind: allow, schedule: '{} {} * * *', duration: 1h}}]}}\n{text}",
        start.minute(),
        start.hour()
    )
}

#[tokio::test]
async fn a_plan_waits_for_a_person_as_a_whole() {
    let mut play = Play::new();
    play.commit_shop(&manual(SHOP));
    let report = play.pass().await;
    let held = Play::held(&report);
    assert_eq!(held.len(), 5, "{held:?}");
    assert!(held.iter().all(|line| line.ends_with("NeedsApproval")), "{held:?}");
    assert_eq!(play.wrote(), [""; 0]);
    play.approve(&report).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote().len(), 5);
    assert_eq!(play.approvals().await, 0);
}

#[tokio::test]
async fn a_newer_commit_is_not_what_was_approved() {
    let mut play = Play::shop().await;
    play.commit_shop(&manual(&SHOP.replace("fast", "slow")));
    let report = play.pass().await;
    play.approve(&report).await;
    play.commit_shop(&manual(&SHOP.replace("fast", "other")));
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web NeedsApproval"]);
    assert_eq!(play.wrote(), [""; 0]);
}

#[tokio::test]
async fn what_was_done_once_by_approval_is_not_done_again_without() {
    let mut play = Play::shop().await;
    play.commit_shop(&manual(&SHOP.replace("fast", "slow")));
    let report = play.pass().await;
    play.approve(&report).await;
    assert_eq!(play.converge().await, Settled::Well);
    play.wrote();
    play.world.swarm.hand().set_env("shop_web", "MODE", "other").expect("a write");
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web NeedsApproval"]);
    assert_eq!(play.wrote(), [""; 0]);
}

#[tokio::test]
async fn outside_of_its_windows_a_stack_is_reported_and_not_written() {
    let mut play = Play::shop().await;
    let text = windowed(&play, &SHOP.replace("fast", "slow"), SignedDuration::from_hours(3));
    play.commit_shop(&text);
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web OutsideWindow"]);
    assert_eq!(play.wrote(), [""; 0]);
    play.world.advance(std::time::Duration::from_secs(3 * 3600)).await;
    assert_eq!(play.converge().await, Settled::Well);
    assert_eq!(play.wrote(), ["update service/shop_web"]);
}

#[tokio::test]
async fn a_rollout_that_outlasts_its_window_is_still_followed() {
    let mut play = Play::shop().await;
    let text = windowed(&play, &SHOP.replace("fast", "slow"), SignedDuration::from_mins(-59));
    play.commit_shop(&text);
    play.pass().await;
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    play.world.advance(std::time::Duration::from_secs(600)).await;
    assert_eq!(play.converge().await, Settled::Well);
    play.commit_shop(&text.replace("slow", "other"));
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["shop_web OutsideWindow"]);
}

/// A second stack of one service and a network, with these settings for the stack and the service.
fn other(stack: &str, service: &str) -> String {
    format!(
        "x-skep: {{{stack}}}\nservices:\n  db:\n    image: registry.test/api:1\n    \
         x-skep: {{{service}}}\n    deploy: {{replicas: 1}}\n"
    )
}

/// The shop and another stack, converged; then the other one leaves git.
async fn other_left_git(stack: &str, service: &str) -> Play {
    let mut play = Play::shop().await;
    play.commit(&[("other/compose.yml", &other(stack, service))]);
    let report = play.pass().await;
    play.approve(&report).await;
    assert_eq!(play.converge().await, Settled::Well);
    play.world.source.delete("goodbye", &["other/compose.yml"]).expect("a path");
    play.wrote();
    play
}

/// Passes of a minute.
async fn a_while(play: &mut Play) {
    for _ in 0..30 {
        play.pass().await;
        play.world.advance(std::time::Duration::from_secs(2)).await;
    }
}

const ALL_OF_IT: [&str; 2] = ["remove network/other_default", "remove service/other_db"];

#[tokio::test]
async fn a_stack_with_manual_approval_that_left_git_lost_its_policy_and_was_removed() {
    let mut play = other_left_git("approval: manual", "").await;
    play.restart();
    a_while(&mut play).await;
    let report = play.pass().await;
    let held = Play::held(&report);
    assert_eq!(held, ["other_default Waiting", "other_db NeedsApproval"]);
    assert_eq!(play.wrote(), [""; 0]);
    // One yes is for all of it, although the network can only go after the service.
    play.approve(&report).await;
    a_while(&mut play).await;
    assert_eq!(play.wrote(), ALL_OF_IT);
}

#[tokio::test]
async fn what_is_never_removed_stays_and_is_told() {
    let mut play = other_left_git("prune: never", "").await;
    a_while(&mut play).await;
    let held = Play::held(&play.pass().await);
    assert_eq!(held, ["other_default PruneNever", "other_db PruneNever"]);
    assert_eq!(play.converge().await, Settled::Well, "nothing is left to do");
    let log = play.world.swarm.log().len();
    a_while(&mut play).await;
    assert_eq!((play.wrote(), play.world.swarm.log().len()), (Vec::new(), log));
}

#[tokio::test]
async fn what_is_removed_with_a_yes_goes_with_one() {
    let mut play = other_left_git("", "prune: confirm").await;
    a_while(&mut play).await;
    let report = play.pass().await;
    assert_eq!(Play::held(&report), ["other_default Waiting", "other_db NeedsApproval"]);
    play.approve(&report).await;
    a_while(&mut play).await;
    assert_eq!(play.wrote(), ALL_OF_IT);
}

#[tokio::test]
async fn a_service_that_is_kept_outlasts_its_declaration_and_the_settling_of_the_rest() {
    let mut play = Play::shop().await;
    let kept = SHOP.replace("    environment:", "    x-skep: {prune: never}\n    environment:");
    play.commit_shop(&kept);
    play.converge().await;
    let (start, end) = (SHOP.find("  web:").expect("web"), SHOP.find("  api:").expect("api"));
    let rest = format!("{}{}", &SHOP[..start], &SHOP[end..]);
    for text in [&rest, &rest.replace("api:1\n", "api:1\n    user: nobody\n")] {
        play.commit_shop(text);
        a_while(&mut play).await;
        assert_eq!(Play::held(&play.pass().await), ["shop_web PruneNever"]);
    }
    assert_eq!(play.wrote(), ["update service/shop_api"]);
}

#[tokio::test]
async fn one_service_is_suspended_and_the_others_go_on() {
    let mut play = Play::shop().await;
    let stopped = SHOP.replace("    environment:", "    x-skep: {suspend: x}\n    environment:");
    play.commit_shop(&stopped.replace("fast", "slow").replace("api:1\n", "api:1\n    user: a\n"));
    a_while(&mut play).await;
    assert_eq!(Play::held(&play.pass().await), ["shop_web Suspended"]);
    assert_eq!(play.wrote(), ["update service/shop_api"]);
}
