//! An operator as a process of its own in the simulated world: it can be killed, stopped and
//! continued, and what it alone does is counted.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};
use skep::ledger::is_ledger_name;
use skep::model::engine::LiveConfig;
use skep::model::{Instance, Observed, SourceName};
use skep::ports::{Clock, OneConfig, Swarm, SwarmError, SwarmEvent, Write, Written};
use skep::reconcile::{
    Contender, Doors, LeaseDoors, NamedSource, Nudge, Operator, Part, Settings, run,
};
use skep::sim::{SimClock, SimSwarm, World};
use skep::status::Report;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A process that runs an operator.
pub(crate) struct Process {
    pub(crate) part: watch::Receiver<Part>,
    pub(crate) report: watch::Receiver<Option<Arc<Report>>>,
    pub(crate) nudge: Nudge,
    pub(crate) eye: Arc<Eye>,
    pub(crate) date: Arc<Mutex<SignedDuration>>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Process {
    pub(crate) fn start(world: &World, me: &str) -> Self {
        let eye = Arc::new(Eye::default());
        let date = Arc::new(Mutex::new(SignedDuration::ZERO));
        let clock: Arc<dyn Clock> =
            Arc::new(Dated { inner: world.clock.clone(), ahead: Arc::clone(&date) });
        let swarm = Arc::new(Watched { inner: world.swarm.clone(), eye: Arc::clone(&eye) });
        let lease =
            LeaseDoors { configs: swarm.clone(), swarm: swarm.clone(), clock: Arc::clone(&clock) };
        let contender = Contender::new(lease, &Instance::default(), me);
        let standing = contender.standing();
        let part = standing.part.clone();
        let doors = Doors { swarm, registry: Arc::new(world.registry.clone()), clock };
        let name = SourceName::new("root").expect("a name");
        let sources = vec![NamedSource { name, source: Arc::new(world.source.clone()) }];
        let operator = Operator::new(doors, sources, Settings::default()).standing(standing);
        let (stop, stopped) = watch::channel(false);
        let (publish, report) = watch::channel(None);
        let nudge = Nudge::default();
        let life = live(contender, (operator, nudge.clone(), stopped, publish));
        let task = tokio::task::spawn_local(stoppable(life, Arc::clone(&eye)));
        Self { part, report, nudge, eye, date, stop, task }
    }

    /// `kill -9`.
    pub(crate) fn kill(&self) {
        self.task.abort();
    }

    /// `kill -TERM`.
    pub(crate) fn terminate(&self) {
        self.stop.send_replace(true);
    }

    /// `kill -STOP`.
    pub(crate) fn pause(&self) {
        self.eye.paused.store(true, Ordering::SeqCst);
    }

    /// `kill -CONT`.
    pub(crate) fn wake(&self) {
        self.eye.paused.store(false, Ordering::SeqCst);
        if let Some(waker) = self.eye.waker.lock().expect("a lock").take() {
            waker.wake();
        }
    }

    /// Cuts its way to the engine.
    pub(crate) fn cut(&self) {
        self.eye.cut.store(true, Ordering::SeqCst);
    }

    /// Mends that.
    pub(crate) fn mend(&self) {
        self.eye.cut.store(false, Ordering::SeqCst);
    }

    pub(crate) fn acts(&self) -> bool {
        *self.part.borrow() == Part::Acts
    }

    /// What it wrote, but for the lease.
    pub(crate) fn wrote(&self) -> Vec<String> {
        self.eye.wrote.lock().expect("a lock").clone()
    }

    pub(crate) fn looks(&self) -> usize {
        self.eye.looks.load(Ordering::SeqCst)
    }
}

type Loop = (Operator, Nudge, watch::Receiver<bool>, watch::Sender<Option<Arc<Report>>>);

/// What `skep run` does: the lease is given up once the last pass has ended.
async fn live(mut contender: Contender, (operator, nudge, stop, publish): Loop) {
    contender.turn().await;
    let (leave, left) = watch::channel(false);
    let looped = async {
        run(operator, nudge, stop, publish).await;
        leave.send_replace(true);
    };
    tokio::join!(looped, contender.contend(left));
}

/// What is known of a process from outside.
#[derive(Default)]
pub(crate) struct Eye {
    /// While true, nothing of it goes on.
    paused: AtomicBool,
    waker: Mutex<Option<Waker>>,
    /// While true, the engine can't be reached.
    cut: AtomicBool,
    looks: AtomicUsize,
    wrote: Mutex<Vec<String>>,
    /// It is paused right after so many further writes.
    pub(crate) pause_after: Mutex<Option<usize>>,
}

impl Eye {
    fn reach(&self) -> Result<(), SwarmError> {
        if !self.cut.load(Ordering::SeqCst) {
            return Ok(());
        }
        let (attempted, message) = ("reach the engine".to_owned(), "the link is cut".to_owned());
        Err(SwarmError::Unavailable { attempted, message, source: None })
    }

    fn saw_write(&self, write: &Write) {
        let (verb, name) = words(write);
        if is_ledger_name(&name) && name.starts_with("skep.lease.") {
            return;
        }
        self.wrote.lock().expect("a lock").push(format!("{verb} {name}"));
        let mut left = self.pause_after.lock().expect("a lock");
        if let Some(number) = left.take() {
            match number.checked_sub(1) {
                Some(0) | None => self.paused.store(true, Ordering::SeqCst),
                further => *left = further,
            }
        }
    }
}

fn words(write: &Write) -> (&'static str, String) {
    match write {
        Write::CreateNetwork(spec) => ("create", spec.name.clone()),
        Write::CreateSecret { new, .. } | Write::CreateConfig { new, .. } => {
            ("create", new.name.clone())
        }
        Write::CreateService { spec } => ("create", spec.name.clone()),
        Write::UpdateService { target, .. } => ("update", target.name.clone()),
        Write::UpdateNode { target, .. } => ("update", target.name.clone()),
        Write::RollBack { target, .. } => ("roll back", target.name.clone()),
        Write::AdoptSecret { target, .. } | Write::Label { target, .. } => {
            ("label", target.name.clone())
        }
        Write::Remove { target, .. } => ("remove", target.name.clone()),
    }
}

/// Goes on only while the process is not stopped.
async fn stoppable(life: impl Future<Output = ()>, eye: Arc<Eye>) {
    let mut life = pin!(life);
    poll_fn(|context| {
        if eye.paused.load(Ordering::SeqCst) {
            *eye.waker.lock().expect("a lock") = Some(context.waker().clone());
            return Poll::Pending;
        }
        life.as_mut().poll(context)
    })
    .await;
}

/// The swarm, as one process uses it.
struct Watched {
    inner: SimSwarm,
    eye: Arc<Eye>,
}

impl Swarm for Watched {
    fn look(&self) -> BoxFuture<'_, Result<Observed, SwarmError>> {
        Box::pin(async {
            self.eye.reach()?;
            self.eye.looks.fetch_add(1, Ordering::SeqCst);
            self.inner.look().await
        })
    }

    fn write<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<Written, SwarmError>> {
        Box::pin(async move {
            self.eye.reach()?;
            let answer = self.inner.write(write).await;
            self.eye.saw_write(write);
            // A process that is stopped now does not even see the answer.
            tokio::task::yield_now().await;
            answer
        })
    }

    fn events(&self) -> BoxStream<'static, SwarmEvent> {
        self.inner.events()
    }
}

impl OneConfig for Watched {
    fn config<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<LiveConfig>, SwarmError>> {
        Box::pin(async move {
            self.eye.reach()?;
            self.inner.config(name).await
        })
    }
}

/// The clock of the world with a date that somebody may set.
struct Dated {
    inner: SimClock,
    ahead: Arc<Mutex<SignedDuration>>,
}

impl Clock for Dated {
    fn now(&self) -> Timestamp {
        self.inner.now() + *self.ahead.lock().expect("a lock")
    }

    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        self.inner.sleep(time)
    }
}
