//! Rolling updates (`orchestrator/update/updater.go`).

use std::time::Duration;

use crate::change::Change::{
    Env, Image, Json, Label, OnFailure, Order, Parallelism, Ratio, Replicas,
};
use crate::script::Act::{Compare, Create, Mark, Until, Update, Wait};
use crate::script::Goal::{Runs, State};
use crate::script::Script;
use crate::stage::Program::{Crash, Missing, One, Sick, Slow, Two};

/// A delay of a hundred years between tasks.
const CENTURY: &str = r#"{"UpdateConfig": {"Delay": 3153600000000000000}}"#;

pub fn a_new_service_has_neither_status_nor_previous_spec() -> Script {
    Script {
        acts: vec![Create("web", &[Image(One), Replicas(2)]), Until("web", Runs(2))],
        protocol: "
            create web: made
            web: 1; 2 run
        ",
    }
}

pub fn a_rollout_that_goes_well_is_completed() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(2), OnFailure("pause")]),
            Until("web", Runs(2)),
            Mark("web"),
            Update("web", &[Image(Two)]),
            Until("web", State("completed")),
            Until("web", Runs(2)),
            Compare("web"),
        ],
        protocol: "
            create web: made
            web: 1; 2 run
            update web: made
            web: [updating completed] 2, before 1
            web: [completed] 2, before 1; 2 run
            web: 0 same, 2 new, 0 outdated
        ",
    }
}

pub fn a_crash_pauses_a_rollout() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(1), OnFailure("pause")]),
            Until("web", Runs(1)),
            Update("web", &[Image(Crash)]),
            Until("web", State("paused")),
        ],
        protocol: "
            create web: made
            web: 1; 1 run
            update web: made
            web: [updating paused] crash, before 1
        ",
    }
}

pub fn a_task_that_never_becomes_healthy_pauses_a_rollout() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(1), OnFailure("pause")]),
            Until("web", Runs(1)),
            Update("web", &[Image(Sick)]),
            Until("web", State("paused")),
        ],
        protocol: "
            create web: made
            web: 1; 1 run
            update web: made
            web: [updating paused] sick, before 1
        ",
    }
}

pub fn a_missing_image_pauses_a_rollout() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(1), OnFailure("pause")]),
            Until("web", Runs(1)),
            Update("web", &[Image(Missing)]),
            Until("web", State("paused")),
        ],
        protocol: "
            create web: made
            web: 1; 1 run
            update web: made
            web: [updating paused] missing, before 1
        ",
    }
}

pub fn failures_within_the_ratio_are_tolerated() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(2), OnFailure("pause"), Ratio(1.0)]),
            Until("web", Runs(2)),
            Update("web", &[Image(Crash)]),
            Until("web", State("completed")),
        ],
        protocol: "
            create web: made
            web: 1; 2 run
            update web: made
            web: [updating completed] crash, before 1
        ",
    }
}

pub fn a_rollout_that_is_told_to_continue_completes_in_spite_of_crashes() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(2), OnFailure("continue")]),
            Until("web", Runs(2)),
            Update("web", &[Image(Crash)]),
            Until("web", State("completed")),
        ],
        protocol: "
            create web: made
            web: 1; 2 run
            update web: made
            web: [updating completed] crash, before 1
        ",
    }
}

pub fn a_newer_spec_supersedes_a_rollout() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(2), OnFailure("pause")]),
            Until("web", Runs(2)),
            Update("web", &[Image(Slow)]),
            Until("web", State("updating")),
            Update("web", &[Image(Two)]),
            Until("web", State("completed")),
            Until("web", Runs(2)),
        ],
        protocol: "
            create web: made
            web: 1; 2 run
            update web: made
            web: [updating] slow, before 1
            update web: made
            web: [updating completed] 2, before slow
            web: [completed] 2, before slow; 2 run
        ",
    }
}

pub fn a_delay_without_end_lets_a_rollout_stand_until_a_write_lets_it_go_on() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(3), OnFailure("pause")]),
            Until("web", Runs(3)),
            Mark("web"),
            Update("web", &[Image(Two), Json(CENTURY)]),
            Until("web", State("updating")),
            Wait(Duration::from_secs(15)),
            Compare("web"),
            Mark("web"),
            Update("web", &[Json(r#"{"UpdateConfig": {"Delay": 0}}"#)]),
            Until("web", State("completed")),
            Until("web", Runs(3)),
            Compare("web"),
        ],
        protocol: "
            create web: made
            web: 1; 3 run
            update web: made
            web: [updating] 2, before 1
            web: 2 same, 1 new, 2 outdated
            update web: made
            web: [updating completed] 2, before 2
            web: [completed] 2, before 2; 3 run
            web: 1 same, 2 new, 0 outdated
        ",
    }
}

pub fn start_first_keeps_the_old_tasks_when_the_new_ones_crash() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(1), OnFailure("pause"), Order("start-first")]),
            Until("web", Runs(1)),
            Mark("web"),
            Update("web", &[Image(Sick)]),
            Until("web", State("paused")),
            Compare("web"),
        ],
        protocol: "
            create web: made
            web: 1; 1 run
            update web: made
            web: [updating paused] sick, before 1
            web: 1 same, 0 new, 1 outdated
        ",
    }
}

pub fn all_at_once_replaces_every_task() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(3), OnFailure("pause"), Parallelism(0)]),
            Until("web", Runs(3)),
            Mark("web"),
            Update("web", &[Env(&["V=2"])]),
            Until("web", State("completed")),
            Until("web", Runs(3)),
            Compare("web"),
        ],
        protocol: "
            create web: made
            web: 1; 3 run
            update web: made
            web: [updating completed] 1 V=2, before 1
            web: [completed] 1 V=2, before 1; 3 run
            web: 0 same, 3 new, 0 outdated
        ",
    }
}

pub fn a_label_written_on_a_paused_service_resumes_the_rollout() -> Script {
    Script {
        acts: vec![
            // Without the delay the second task is replaced, too, or not: the failure of the first
            // pauses the rollout in the same moment. And without a task left to replace there is
            // nothing to resume.
            Create("web", &[Image(One), Replicas(2), OnFailure("pause"), Json(DELAYED)]),
            Until("web", Runs(2)),
            // It takes seconds until this one has failed again: long enough to be seen.
            Update("web", &[Image(Sick)]),
            Until("web", State("paused")),
            Update("web", &[Label("by", "hand")]),
            Until("web", State("updating")),
        ],
        protocol: "
            create web: made
            web: 1; 2 run
            update web: made
            web: [updating paused] sick, before 1
            update web: made
            web: [updating] sick by:hand, before sick
        ",
    }
}

/// Some seconds between a task and the next.
const DELAYED: &str = r#"{"UpdateConfig": {"Delay": 5000000000}}"#;

pub fn a_write_that_changes_nothing_overwrites_what_was_before() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(1), OnFailure("pause")]),
            Until("web", Runs(1)),
            Update("web", &[Image(Two)]),
            Until("web", State("completed")),
            Mark("web"),
            Update("web", &[]),
            Until("web", Runs(1)),
            Compare("web"),
        ],
        protocol: "
            create web: made
            web: 1; 1 run
            update web: made
            web: [updating completed] 2, before 1
            update web: made
            web: 2, before 2; 1 run
            web: 1 same, 0 new, 0 outdated
        ",
    }
}
