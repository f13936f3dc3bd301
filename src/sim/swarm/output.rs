//! What containers wrote, as the engine keeps it for each task that it still knows.

use crate::model::engine::TaskState;
use crate::model::{LAST_LINES, LastWords};
use crate::ports::SwarmError;
use crate::sim::cluster::Cluster;

/// The last lines of a task; none where its container was never started.
pub(super) fn last_words(cluster: &Cluster, task: &str) -> Result<LastWords, SwarmError> {
    let mut tasks = cluster.store.all_tasks();
    let Some((_, row)) = tasks.find(|(_, row)| row.task.id == task) else {
        return Err(SwarmError::Conflict {
            attempted: format!("read the log of task {task}"),
            message: format!("task {task} not found"),
        });
    };
    let container = row.task.spec.container_spec.clone();
    let state = row.task.status.state;
    let ran = state >= TaskState::Starting && state != TaskState::Rejected;
    let image = container.as_ref().map_or("", |container| &container.image);
    let lines = if ran { cluster.images.output(image) } else { &[] };
    let first = lines.len().saturating_sub(LAST_LINES);
    Ok(LastWords { lines: lines.iter().skip(first).cloned().collect(), container })
}
