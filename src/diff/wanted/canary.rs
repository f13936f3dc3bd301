//! Services on their way by a canary: the spec that is declared, with an update configuration that
//! lets the engine replace so many tasks and then wait.
//!
//! The engine's updater has as many workers as `parallelism` says; each replaces the tasks of a slot
//! and then sleeps for `delay` (`Updater.worker` in `manager/orchestrator/update/updater.go`). With a
//! delay that nobody lives to see the end of, a rollout stands after its first tasks, watched by the
//! engine for `monitor` as any other. What is declared stands in a label meanwhile.

use std::borrow::Cow;

use crate::model::engine::{ServiceSpec, UpdateConfig};

/// Label of services that are on their way by a canary: the `update_config` that is declared.
pub const CANARY_LABEL: &str = "skep.canary";

/// A hundred years, in nanoseconds.
const DELAY: i64 = 876_000 * 3_600 * 1_000_000_000;
/// What a failure leads to where the engine must not go back by itself.
const PAUSE: &str = "pause";
const ROLLBACK: &str = "rollback";

/// How far a service on its way by a canary is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CanaryStage {
    /// So many tasks get the new spec.
    First(u64),
    /// The rest follows; the declared failure action is still to be put back.
    Rest,
}

/// A declared spec as it is written for its first tasks.
#[must_use]
pub fn canary_form(mut spec: ServiceSpec, first: u64) -> ServiceSpec {
    let declared = spec.update_config.take();
    mark(&mut spec, declared.as_deref());
    let declared = declared.unwrap_or_default();
    let config = UpdateConfig { parallelism: first, delay: DELAY, ..*declared };
    spec.update_config = Some(Box::new(config));
    spec
}

/// A declared spec as it is written for the rest.
///
/// The spec before this write is the canary's, with the same tasks: an engine that goes back to it
/// would not go back at all, but end the rollout with what just failed. So it pauses instead, and the
/// declared action is put back once all is well.
#[must_use]
pub fn rest_form(mut spec: ServiceSpec) -> ServiceSpec {
    let declared = spec.update_config.clone();
    match &mut spec.update_config {
        Some(config) if config.failure_action == ROLLBACK => {
            PAUSE.clone_into(&mut config.failure_action);
        }
        _ => return spec,
    }
    mark(&mut spec, declared.as_deref());
    spec
}

/// The spec that is meant by a spec that is there, and how far it is.
#[must_use]
pub fn declared_form(spec: &ServiceSpec) -> (Cow<'_, ServiceSpec>, Option<CanaryStage>) {
    let label = spec.labels.get(CANARY_LABEL);
    let declared = label.and_then(|label| serde_json::from_str(label).ok());
    let Some(declared): Option<Option<UpdateConfig>> = declared else {
        return (Cow::Borrowed(spec), None);
    };
    let there = spec.update_config.as_deref();
    let stage = match there {
        Some(config) if config.delay == DELAY => CanaryStage::First(config.parallelism),
        _ => CanaryStage::Rest,
    };
    let mut meant = spec.clone();
    meant.labels.remove(CANARY_LABEL);
    meant.update_config = declared.map(Box::new);
    (Cow::Owned(meant), Some(stage))
}

fn mark(spec: &mut ServiceSpec, declared: Option<&UpdateConfig>) {
    let text = serde_json::to_string(&declared).unwrap_or_default();
    spec.labels.insert(CANARY_LABEL.to_owned(), text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(config: Option<UpdateConfig>) -> ServiceSpec {
        ServiceSpec { update_config: config.map(Box::new), ..ServiceSpec::default() }
    }

    #[test]
    fn what_is_meant_is_read_back_from_both_forms() {
        let rollback = || UpdateConfig {
            parallelism: 2,
            failure_action: ROLLBACK.to_owned(),
            max_failure_ratio: 0.1,
            ..UpdateConfig::default()
        };
        for config in [None, Some(rollback()), Some(UpdateConfig::default())] {
            let meant = spec(config);
            let first = canary_form(meant.clone(), 3);
            assert_ne!(first, meant);
            let (read, stage) = declared_form(&first);
            assert_eq!((read.as_ref(), stage), (&meant, Some(CanaryStage::First(3))));
        }
        let meant = spec(Some(rollback()));
        let rest = rest_form(meant.clone());
        assert_eq!(rest.update_config.as_deref().map(|c| c.failure_action.as_str()), Some(PAUSE));
        let (read, stage) = declared_form(&rest);
        assert_eq!((read.as_ref(), stage), (&meant, Some(CanaryStage::Rest)));
    }

    #[test]
    fn the_rest_is_written_as_declared_where_the_engine_does_not_go_back_by_itself() {
        let meant = spec(Some(UpdateConfig::default()));
        assert_eq!(rest_form(meant.clone()), meant);
        assert_eq!(declared_form(&meant).1, None);
    }

    #[test]
    fn a_label_that_somebody_else_wrote_means_nothing() {
        let mut spec = spec(None);
        spec.labels.insert(CANARY_LABEL.to_owned(), "soon".to_owned());
        assert_eq!(declared_form(&spec).1, None);
    }
}
