//! What becomes of a task on its node, step by step (`agent/exec/controller.go`): each step is
//! planned when the task changes and taken when its time has come.

use std::time::Duration;

use crate::model::engine::{ContainerStatus, Task, TaskState, architecture};
use crate::sim::agenda::Due;
use crate::sim::cluster::Cluster;
use crate::sim::store::{Agent, Id, Planned, TaskKey};

use super::image::{Behaviour, Fate, IsJob};

impl Cluster {
    /// Plans the next step of a task after it changed.
    pub(crate) fn follow(&mut self, key: &TaskKey) {
        let Some(row) = self.store.task(key) else { return };
        let behaviour = self.behaviour(&row.task);
        let step = self.can_move(&row.task).then(|| next(&row.task, behaviour)).flatten();
        if row.planned == step.map(|(planned, _)| planned) {
            return;
        }
        let waits = step.map(|(planned, time)| (planned, self.store.random.millis(time.0, time.1)));
        let Some(row) = self.store.task_mut(key) else { return };
        row.turn += 1;
        row.planned = waits.map(|(planned, _)| planned);
        let turn = row.turn;
        if let Some((_, time)) = waits {
            self.plan(time, Due::Step(key.clone(), turn));
        }
    }

    /// Takes a planned step, unless another was planned meanwhile.
    pub(crate) fn step(&mut self, key: &TaskKey, turn: u32) {
        let Some(row) = self.store.task_mut(key) else { return };
        if row.turn != turn {
            return;
        }
        let planned = row.planned.take();
        let Some(row) = self.store.task(key) else { return };
        if !self.can_move(&row.task) {
            return;
        }
        let stepped = match planned {
            Some(Planned::Stop) => Stepped::to(TaskState::Shutdown, "shutdown"),
            _ => rise(&row.task, &self.refusal(&row.task), self.behaviour(&row.task)),
        };
        let now = self.store.now;
        self.store.change_task(key, |task| stepped.put_on(task, now));
    }

    /// Ends the container of a task from outside.
    pub(crate) fn end_container(&mut self, key: &TaskKey) {
        let now = self.store.now;
        self.store.change_task(key, |task| failed("started", 137, "").put_on(task, now));
    }

    /// A node works again. Its containers did not survive.
    pub(crate) fn return_node(&mut self, id: &Id) {
        let Some(row) = self.store.nodes.get_mut(id) else { return };
        row.agent = Agent::Working;
        self.store.change_node(id, |row| {
            "ready".clone_into(&mut row.node.status.state);
            row.node.status.message.clear();
            row.reach("reachable");
        });
        let lost: Vec<TaskKey> = self
            .store
            .all_tasks()
            .filter(|(_, row)| {
                let up = TaskState::Starting..=TaskState::Running;
                row.task.node_id == **id
                    && up.contains(&row.task.status.state)
                    && row.task.desired_state <= TaskState::Complete
            })
            .map(|(key, _)| key)
            .collect();
        for key in lost {
            self.end_container(&key);
        }
    }

    /// Nothing moves on a node whose agent does not work.
    fn can_move(&self, task: &Task) -> bool {
        task.status.state < TaskState::Assigned
            || self
                .store
                .nodes
                .get(task.node_id.as_str())
                .is_some_and(|row| row.agent == Agent::Working)
    }

    fn behaviour(&self, task: &Task) -> &Behaviour {
        let container = task.spec.container_spec.as_ref();
        self.images.get(container.map_or("", |container| &container.image))
    }

    /// Why the node refuses the image, if it does.
    fn refusal(&self, task: &Task) -> Option<String> {
        let image = &task.spec.container_spec.as_ref()?.image;
        let node = self.store.nodes.get(task.node_id.as_str())?;
        match self.behaviour(task) {
            Behaviour::Missing => Some(format!("No such image: {image}")),
            Behaviour::Only(platform) => {
                let own = &node.node.description.platform;
                let same = architecture(&platform.architecture) == architecture(&own.architecture)
                    && platform.os == own.os;
                (!same).then(|| format!("no matching manifest for {}/{}", own.os, own.architecture))
            }
            _ => None,
        }
    }
}

/// What happens to a task next by itself, and between how many milliseconds.
fn next(task: &Task, behaviour: &Behaviour) -> Option<(Planned, (u64, u64))> {
    let fate = behaviour.fate(is_job(task));
    let state = task.status.state;
    if state > TaskState::Running {
        return None;
    }
    if task.desired_state >= TaskState::Shutdown {
        return match state {
            // Goes to a node all the same, which then stops it.
            TaskState::New => Some((Planned::Up, (5, 20))),
            TaskState::Pending | TaskState::Allocated => None,
            TaskState::Starting | TaskState::Running => Some((Planned::Stop, (50, 250))),
            _ => Some((Planned::Stop, (5, 30))),
        };
    }
    let time = match state {
        TaskState::New | TaskState::Assigned | TaskState::Accepted => (5, 20),
        TaskState::Preparing => (50, 200),
        TaskState::Ready if task.desired_state > TaskState::Ready => (10, 40),
        TaskState::Starting => around(fate.start),
        TaskState::Running => around(fate.end?.0),
        _ => return None,
    };
    Some((Planned::Up, time))
}

/// A time and a little more.
fn around(time: Duration) -> (u64, u64) {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 2);
    (millis, millis + millis / 20 + 20)
}

fn is_job(task: &Task) -> IsJob {
    if task.job_iteration.is_some() { IsJob::Yes } else { IsJob::No }
}

/// A status to be set.
struct Stepped {
    state: TaskState,
    message: &'static str,
    err: String,
    exit_code: Option<i64>,
}

impl Stepped {
    fn to(state: TaskState, message: &'static str) -> Self {
        Self { state, message, err: String::new(), exit_code: None }
    }

    fn put_on(self, task: &mut Task, now: jiff::Timestamp) {
        let status = &mut task.status;
        status.state = self.state;
        status.timestamp = Some(now);
        self.message.clone_into(&mut status.message);
        status.err = self.err;
        if self.state >= TaskState::Starting {
            let container = status.container_status.get_or_insert_with(|| ContainerStatus {
                container_id: format!("{:0>64}", task.id),
                exit_code: 0,
            });
            container.exit_code = self.exit_code.unwrap_or(container.exit_code);
        }
    }
}

/// The next state on the way up, or the end of the way.
fn rise(task: &Task, refusal: &Option<String>, behaviour: &Behaviour) -> Stepped {
    let Fate { rises, end, .. } = behaviour.fate(is_job(task));
    match task.status.state {
        TaskState::New => Stepped::to(TaskState::Pending, "pending task scheduling"),
        TaskState::Assigned => Stepped::to(TaskState::Accepted, "accepted"),
        TaskState::Accepted => Stepped::to(TaskState::Preparing, "preparing"),
        TaskState::Preparing => match refusal {
            Some(why) => {
                Stepped { err: why.clone(), ..Stepped::to(TaskState::Rejected, "preparing") }
            }
            None => Stepped::to(TaskState::Ready, "prepared"),
        },
        TaskState::Ready => Stepped::to(TaskState::Starting, "starting"),
        TaskState::Starting if rises => Stepped::to(TaskState::Running, "started"),
        TaskState::Starting => failed("starting", 137, ": dockerexec: unhealthy container"),
        _ => match end {
            Some((_, 0)) => Stepped::to(TaskState::Complete, "finished"),
            Some((_, code)) => failed("started", code, ""),
            None => Stepped::to(TaskState::Running, "started"),
        },
    }
}

fn failed(message: &'static str, code: i64, cause: &str) -> Stepped {
    Stepped {
        state: TaskState::Failed,
        message,
        err: format!("task: non-zero exit ({code}){cause}"),
        exit_code: Some(code),
    }
}
