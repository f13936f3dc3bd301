//! A restart while git can't be asked: what was applied stays enforced (law 9).

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt as _};
use skep::model::{Ancestry, Revision, SourceName};
use skep::ports::{Checkout, Clock as _, Source, SourceError};
use skep::reconcile::{Doors, NamedSource, Nudge, Operator, Settings, run};
use skep::sim::SimSource;
use skep::status::Report;
use tokio::sync::watch;

use crate::play::{Play, SHOP};

/// A repository whose host is down, with what an earlier process left of it.
struct Left {
    history: SimSource,
    checkout: Checkout,
}

fn down() -> SourceError {
    SourceError::Unreachable { attempted: "asking git".to_owned(), message: "down".to_owned() }
}

impl Source for Left {
    fn read(&self) -> BoxFuture<'_, Result<Checkout, SourceError>> {
        let checkout = Checkout { stale: Some(down()), ..self.checkout.clone() };
        Box::pin(async { Ok(checkout) })
    }

    fn ancestry<'a>(&'a self, old: &'a Revision, new: &'a Revision) -> BoxFuture<'a, Ancestry> {
        self.history.ancestry(old, new)
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        stream::pending().boxed()
    }
}

/// Runs a new process for a minute with what was left; its last report, and what it wrote.
async fn after_a_restart(play: &mut Play, checkout: Checkout) -> (Arc<Report>, Vec<String>) {
    let world = &play.world;
    let doors = Doors {
        swarm: Arc::new(world.swarm.clone()),
        registry: Arc::new(world.registry.clone()),
        clock: Arc::new(world.clock.clone()),
    };
    let source = Arc::new(Left { history: world.source.clone(), checkout });
    let name = SourceName::new("root").expect("a name");
    let operator = Operator::new(doors, vec![NamedSource { name, source }], Settings::default());
    let (stop, stopped) = watch::channel(false);
    let (publish, published) = watch::channel::<Option<Arc<Report>>>(None);
    let passes = run(operator, Nudge::default(), stopped, publish);
    let end = async {
        world.clock.sleep(Duration::from_secs(60)).await;
        stop.send_replace(true);
    };
    let both = Box::pin(async { tokio::join!(passes, end) });
    world.run(Duration::from_secs(600), both).await.expect("the loop ends");
    let report = published.borrow().clone().expect("a report");
    (report, play.wrote())
}

fn error(report: &Report) -> String {
    report.sources[0].error.clone().unwrap_or_default()
}

#[tokio::test]
async fn what_was_applied_stays_enforced() {
    let mut play = Play::shop().await;
    let left = play.world.source.read().await.expect("a checkout");
    play.world.swarm.hand().set_env("shop_web", "MODE", "odd").expect("a write");
    let (report, wrote) = after_a_restart(&mut play, left.clone()).await;
    assert_eq!(wrote, ["update service/shop_web"]);
    assert_eq!(error(&report), down().to_string());
    assert_eq!(report.sources[0].revision, Some(left.revision));
}

#[tokio::test]
async fn a_mirror_that_is_behind_what_was_applied_takes_nothing_back() {
    let mut play = Play::shop().await;
    let left = play.world.source.read().await.expect("a checkout");
    play.commit_shop(&SHOP.replace("MODE: fast", "MODE: faster"));
    play.converge().await;
    assert_eq!(play.wrote(), ["update service/shop_web"]);
    let (report, wrote) = after_a_restart(&mut play, left).await;
    assert_eq!(wrote, Vec::<String>::new());
    assert!(error(&report).contains("does not follow"), "{}", error(&report));
    assert!(error(&report).contains("asking git: no answer: down"), "{}", error(&report));
    // What is kept in the swarm is enforced instead, and is as it should be.
    assert_eq!(report.stacks.len(), 1);
}

#[tokio::test]
async fn a_mirror_of_which_nothing_was_applied_is_not_used() {
    let mut play = Play::new();
    play.commit_shop(SHOP);
    let left = play.world.source.read().await.expect("a checkout");
    let (report, wrote) = after_a_restart(&mut play, left).await;
    assert_eq!((wrote, error(&report)), (Vec::new(), down().to_string()));
}
