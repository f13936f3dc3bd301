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
