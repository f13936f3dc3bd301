//! Rollbacks, by the engine and by hand.

use crate::change::Change::{Image, OnFailedRollback, OnFailure, Replicas};
use crate::script::Act::{Create, Rollback, Until, Update};
use crate::script::Goal::{Ends, Runs, Says, State, WentBack};
use crate::script::Script;
use crate::stage::Program::{Crash, One, Sick, Two};

pub fn a_crash_rolls_back_and_leaves_no_previous_spec() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(2), OnFailure("rollback")]),
            Until("web", Runs(2)),
            Update("web", &[Image(Crash)]),
            // One task goes back; that may take less than the time between two looks.
            Until("web", Ends("rollback_completed")),
            Until("web", Runs(2)),
            Rollback("web"),
        ],
        protocol: "
            create web: made
            web: 1; 2 run
            update web: made
            web: [.. rollback_completed] 1
            web: [rollback_completed] 1; 2 run
            roll back web: refused
        ",
    }
}

/// Seen in the field: the write makes the bad spec the previous one.
pub fn a_replicas_write_during_a_bad_rollout_rolls_back_to_the_bad_image() -> Script {
    Script {
        acts: vec![
            Create(
                "web",
                &[Image(One), Replicas(2), OnFailure("rollback"), OnFailedRollback("pause")],
            ),
            Until("web", Runs(2)),
            Update("web", &[Image(Sick)]),
            Until("web", State("updating")),
            Update("web", &[Replicas(1)]),
            Until("web", Ends("rollback_completed")),
        ],
        protocol: "
            create web: made
            web: 1; 2 run
            update web: made
            web: [updating] sick, before 1
            update web: made
            web: [.. rollback_completed] sick
        ",
    }
}

pub fn a_manual_rollback_swaps_the_specs() -> Script {
    Script {
        acts: vec![
            Create(
                "web",
                &[Image(One), Replicas(1), OnFailure("pause"), OnFailedRollback("pause")],
            ),
            Until("web", Runs(1)),
            Update("web", &[Image(Two)]),
            Until("web", State("completed")),
            Rollback("web"),
            Until("web", State("rollback_completed")),
            Until("web", Runs(1)),
            Rollback("web"),
            Until("web", State("rollback_completed")),
            Until("web", Runs(1)),
        ],
        protocol: "
            create web: made
            web: 1; 1 run
            update web: made
            web: [updating completed] 2, before 1
            roll back web: done
            web: [rollback_started rollback_completed] 1, before 2
            web: [rollback_completed] 1, before 2; 1 run
            roll back web: done
            web: [rollback_started rollback_completed] 2, before 1
            web: [rollback_completed] 2, before 1; 1 run
        ",
    }
}

pub fn a_manual_rollback_needs_a_previous_spec() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(1)]),
            Until("web", Runs(1)),
            Rollback("web"),
            Until("web", Runs(1)),
        ],
        protocol: "
            create web: made
            web: 1; 1 run
            roll back web: refused
            web: 1; 1 run
        ",
    }
}

pub fn a_manual_rollback_that_fails_is_paused_on_its_target() -> Script {
    Script {
        acts: vec![
            Create(
                "web",
                &[Image(Crash), Replicas(1), OnFailure("pause"), OnFailedRollback("pause")],
            ),
            Until("web", Says("non-zero exit (1)")),
            Update("web", &[Image(One)]),
            Until("web", State("completed")),
            Rollback("web"),
            Until("web", State("rollback_paused")),
        ],
        protocol: "
            create web: made
            web: crash; non-zero exit (1)
            update web: made
            web: [updating completed] 1, before crash
            roll back web: done
            web: [rollback_started rollback_paused] crash, before 1
        ",
    }
}

/// The status says paused, but the updater goes on to its end, and calls it completed.
pub fn a_failed_rollback_under_rollback_goes_on() -> Script {
    Script {
        acts: vec![
            Create(
                "web",
                &[Image(Crash), Replicas(1), OnFailure("pause"), OnFailedRollback("rollback")],
            ),
            Until("web", Says("non-zero exit (1)")),
            Update("web", &[Image(One)]),
            Until("web", State("completed")),
            Rollback("web"),
            Until("web", Ends("completed")),
        ],
        protocol: "
            create web: made
            web: crash; non-zero exit (1)
            update web: made
            web: [updating completed] 1, before crash
            roll back web: done
            web: [.. completed] crash, before 1
        ",
    }
}

pub fn a_plain_update_back_that_fails_goes_back_to_the_bad_spec() -> Script {
    Script {
        acts: vec![
            Create(
                "web",
                &[Image(Crash), Replicas(1), OnFailure("rollback"), OnFailedRollback("pause")],
            ),
            Until("web", Says("non-zero exit (1)")),
            Update("web", &[Image(Sick)]),
            Until("web", WentBack),
        ],
        protocol: "
            create web: made
            web: crash; non-zero exit (1)
            update web: made
            web: [went back] crash
        ",
    }
}
