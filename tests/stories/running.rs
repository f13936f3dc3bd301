//! The loop that runs passes, beside sources that take their time.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt as _};
use skep::execute::ledger_write;
use skep::ledger::decode;
use skep::model::{Ancestry, Instance, LedgerRecord, Revision, SourceName};
use skep::ports::{Checkout, Clock, Source, SourceError, Swarm as _};
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

/// A source that never says that it changed.
struct Still(SimSource);

impl Source for Still {
    fn read(&self) -> BoxFuture<'_, Result<Checkout, SourceError>> {
        self.0.read()
    }

    fn ancestry<'a>(&'a self, old: &'a Revision, new: &'a Revision) -> BoxFuture<'a, Ancestry> {
        self.0.ancestry(old, new)
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        stream::pending().boxed()
    }
}

fn operator(world: &World) -> Operator {
    let clock = world.clock.clone();
    let source = Slow { inner: world.source.clone(), turn: Mutex::new(()), clock };
    operator_of(world, Arc::new(source), Settings::default())
}

fn operator_of(world: &World, source: Arc<dyn Source>, settings: Settings) -> Operator {
    world.registry.push(&reference("registry.test/web:1"), "web");
    world.registry.push(&reference("registry.test/api:1"), "api");
    let doors = Doors {
        swarm: Arc::new(world.swarm.clone()),
        registry: Arc::new(world.registry.clone()),
        clock: Arc::new(world.clock.clone()),
    };
    let name = SourceName::new("root").expect("a name");
    let sources = vec![NamedSource { name, source }];
    Operator::new(doors, sources, settings)
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

/// Counts a request in the instance's record, as `skep sync` does.
async fn ask(world: &World) {
    let instance = Instance::default();
    let observed = world.swarm.look().await.expect("a look");
    let ledgers = decode(&observed.configs, &instance);
    let record = LedgerRecord { sync: ledgers.sync + 1, ..LedgerRecord::default() };
    let write =
        ledger_write(&instance, None, &record, ledgers.instance.as_ref().map(|own| &own.target));
    world.swarm.hand().write(&write.expect("it fits")).expect("a write");
}

#[tokio::test]
async fn who_asks_through_the_ledger_has_the_sources_read_at_once() {
    let world = World::new(1);
    let hour = Duration::from_secs(3600);
    let settings = Settings { poll: hour, resync: hour, ..Settings::default() };
    let operator = operator_of(&world, Arc::new(Still(world.source.clone())), settings);
    let (stop, stopped) = watch::channel(false);
    let (publish, published) = watch::channel::<Option<Arc<Report>>>(None);
    let passes = run(operator, Nudge::default(), stopped, publish);
    let subject = || published.borrow().as_ref().map(|report| report.sources[0].subject.clone());
    let script = async {
        for subject_of in ["first", "second"] {
            world.source.commit(subject_of, &[("a.txt", subject_of)]).expect("a path");
            world.clock.sleep(Duration::from_secs(600)).await;
            assert_ne!(subject().as_deref(), Some(subject_of), "nobody looked");
            ask(&world).await;
            world.clock.sleep(Duration::from_secs(1)).await;
            assert_eq!(subject().as_deref(), Some(subject_of));
        }
        stop.send_replace(true);
    };
    // Both commits come after the first read, with which an operator begins.
    let both = async {
        tokio::join!(passes, async {
            world.clock.sleep(hour / 60).await;
            script.await;
        })
    };
    let ended = Box::pin(world.run(hour, both)).await;
    assert!(ended.is_some(), "the loop ends");
}
