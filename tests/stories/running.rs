//! The loop that runs passes, beside sources that take their time.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt as _};
use skep::model::{Ancestry, Revision, SourceName};
use skep::ports::{Checkout, Clock, Source, SourceError};
use skep::reconcile::{Doors, NamedSource, Nudge, Operator, Settings, run};
use skep::sim::{SimClock, SimSource, World};
use skep::status::Report;
use tokio::sync::{Mutex, watch};

use crate::play::{SHOP, reference};

/// A source that does one thing at a time, takes five seconds for it, and says each second that
/// it changed.
struct Slow {
    inner: SimSource,
    turn: Mutex<()>,
    clock: SimClock,
}

impl Source for Slow {
    fn read(&self) -> BoxFuture<'_, Result<Checkout, SourceError>> {
        Box::pin(async {
            let _turn = self.turn.lock().await;
            self.clock.sleep(Duration::from_secs(5)).await;
            self.inner.read().await
        })
    }

    fn ancestry<'a>(&'a self, old: &'a Revision, new: &'a Revision) -> BoxFuture<'a, Ancestry> {
        Box::pin(async {
            let _turn = self.turn.lock().await;
            self.inner.ancestry(old, new).await
        })
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        let clock = self.clock.clone();
        let each_second = stream::unfold(clock, |clock| async move {
            clock.sleep(Duration::from_secs(1)).await;
            Some(((), clock))
        });
        each_second.boxed()
    }
}

fn operator(world: &World) -> Operator {
    world.registry.push(&reference("registry.test/web:1"), "web");
    world.registry.push(&reference("registry.test/api:1"), "api");
    let clock = world.clock.clone();
    let source = Slow { inner: world.source.clone(), turn: Mutex::new(()), clock };
    let doors = Doors {
        swarm: Arc::new(world.swarm.clone()),
        registry: Arc::new(world.registry.clone()),
        clock: Arc::new(world.clock.clone()),
    };
    let name = SourceName::new("root").expect("a name");
    let sources = vec![NamedSource { name, source: Arc::new(source) }];
    Operator::new(doors, sources, Settings::default())
}

#[tokio::test]
async fn hints_nudges_and_questions_during_a_read_do_not_stop_the_loop() {
    let world = World::new(1);
    let files =
        [("shop/compose.yml", SHOP), ("shop/motd.txt", "hello"), ("shop/password.txt", "hunter2")];
    world.source.commit("the shop", &files).expect("paths");
    let (stop, stopped) = watch::channel(false);
    let (publish, published) = watch::channel::<Option<Arc<Report>>>(None);
    let nudge = Nudge::default();
    let passes = run(operator(&world), nudge.clone(), stopped, publish);
    let script = async {
        for _ in 0..60 {
            world.clock.sleep(Duration::from_secs(1)).await;
            nudge.give();
        }
        // Now the pass has to ask the source about its history.
        world.source.commit("empty", &[("shop/compose.yml", "services: {}")]).expect("a path");
        world.clock.sleep(Duration::from_secs(60)).await;
        stop.send_replace(true);
    };
    let both = world.run(Duration::from_secs(600), async { tokio::join!(passes, script) });
    let ended = tokio::time::timeout(Duration::from_secs(60), Box::pin(both)).await;
    assert!(ended.is_ok_and(|ended| ended.is_some()), "the loop hangs");
    let report = published.borrow().clone().expect("a report");
    assert_eq!(report.sources[0].subject, "empty");
}
