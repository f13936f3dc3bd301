//! What restarts tasks (`IsTaskDirty`), and what happens when they end (`orchestrator/restart`).

use std::time::Duration;

use skep::model::Kind;

use crate::change::Change::{
    Constraints, EmptyMessages, Endpoint, Env, ForceUpdate, Image, Label, OnFailure, Order, Port,
    Replicas, Restart,
};
use crate::script::Act::{Compare, Create, Mark, Remove, Until, Update, Wait};
use crate::script::Goal::{Gone, Rests, Runs, Says, State};
use crate::script::Script;
use crate::stage::Program::{Crash, One};

pub fn labels_and_update_settings_restart_nothing() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(2)]),
            Until("web", Runs(2)),
            Mark("web"),
            Update("web", &[Label("by", "hand"), OnFailure("pause"), Order("start-first")]),
            Wait(Duration::from_secs(1)),
            Until("web", Runs(2)),
            Compare("web"),
        ],
        protocol: "
            create web: made
            web: 1; 2 run
            update web: made
            web: 1 by:hand, before 1; 2 run
            web: 2 same, 0 new, 0 outdated
        ",
    }
}

pub fn order_of_the_environment_restarts() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(1), Env(&["A=1", "B=2"]), OnFailure("pause")]),
            Until("web", Runs(1)),
            Mark("web"),
            Update("web", &[Env(&["B=2", "A=1"])]),
            Until("web", State("completed")),
            Until("web", Runs(1)),
            Compare("web"),
        ],
        protocol: "
            create web: made
            web: 1 A=1 B=2; 1 run
            update web: made
            web: [updating completed] 1 B=2 A=1, before 1 A=1 B=2
            web: [completed] 1 B=2 A=1, before 1 A=1 B=2; 1 run
            web: 0 same, 1 new, 0 outdated
        ",
    }
}

pub fn empty_messages_restart() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(1), OnFailure("pause")]),
            Until("web", Runs(1)),
            Mark("web"),
            Update("web", &[EmptyMessages]),
            Until("web", State("completed")),
            Until("web", Runs(1)),
            Compare("web"),
            Mark("web"),
            Update("web", &[Endpoint("vip")]),
            Until("web", State("completed")),
            Until("web", Runs(1)),
            Compare("web"),
        ],
        protocol: "
            create web: made
            web: 1; 1 run
            update web: made
            web: [updating completed] 1, before 1
            web: [completed] 1, before 1; 1 run
            web: 0 same, 1 new, 0 outdated
            update web: made
            web: [updating completed] 1, before 1
            web: [completed] 1, before 1; 1 run
            web: 0 same, 1 new, 0 outdated
        ",
    }
}

pub fn a_forced_update_restarts() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(1), OnFailure("pause")]),
            Until("web", Runs(1)),
            Mark("web"),
            Update("web", &[ForceUpdate]),
            Until("web", State("completed")),
            Until("web", Runs(1)),
            Compare("web"),
        ],
        protocol: "
            create web: made
            web: 1; 1 run
            update web: made
            web: [updating completed] 1, before 1
            web: [completed] 1, before 1; 1 run
            web: 0 same, 1 new, 0 outdated
        ",
    }
}

pub fn a_published_port_restarts_though_the_template_is_equal() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(1), OnFailure("pause")]),
            Until("web", Runs(1)),
            Mark("web"),
            Update("web", &[Port(18_431, "host")]),
            Until("web", State("completed")),
            Until("web", Runs(1)),
            Compare("web"),
        ],
        protocol: "
            create web: made
            web: 1; 1 run
            update web: made
            web: [updating completed] 1, before 1
            web: [completed] 1, before 1; 1 run
            web: 0 same, 1 new, 0 outdated
        ",
    }
}

/// The task keeps its old spec and runs on; `_up-to-date` counts it.
pub fn a_fitting_constraint_restarts_nothing() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(2)]),
            Until("web", Runs(2)),
            Mark("web"),
            Update("web", &[Constraints(&["node.hostname != nowhere"])]),
            Wait(Duration::from_secs(1)),
            Until("web", Runs(2)),
            Compare("web"),
        ],
        protocol: "
            create web: made
            web: 1; 2 run
            update web: made
            web: 1, before 1; 2 run
            web: 2 same, 0 new, 0 outdated
        ",
    }
}

pub fn scaling_keeps_the_other_tasks() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(2)]),
            Until("web", Runs(2)),
            Mark("web"),
            Update("web", &[Replicas(4)]),
            Until("web", Runs(4)),
            Compare("web"),
            Mark("web"),
            Update("web", &[Replicas(1)]),
            Until("web", Runs(1)),
            Compare("web"),
            Update("web", &[Replicas(0)]),
            // The engine forgets the tasks that it took away, sooner or later.
            Until("web", Runs(0)),
        ],
        protocol: "
            create web: made
            web: 1; 2 run
            update web: made
            web: 1, before 1; 4 run
            web: 2 same, 2 new, 0 outdated
            update web: made
            web: 1, before 1; 1 run
            web: 1 same, 0 new, 0 outdated
            update web: made
            web: 1, before 1; 0 run
        ",
    }
}

pub fn a_crash_loop_goes_on_for_ever() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(Crash), Replicas(1), Restart("any", 100, 0)]),
            Until("web", Says("non-zero exit (1)")),
            Wait(Duration::from_secs(4)),
            Until("web", Says("non-zero exit (1)")),
        ],
        protocol: "
            create web: made
            web: crash; non-zero exit (1)
            web: crash; non-zero exit (1)
        ",
    }
}

pub fn restart_condition_none_leaves_it_dead() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(Crash), Replicas(1), Restart("none", 0, 0)]),
            Until("web", Says("non-zero exit (1)")),
            Wait(Duration::from_secs(1)),
            Until("web", Rests),
        ],
        protocol: "
            create web: made
            web: crash; non-zero exit (1)
            web: crash; rests after 1 tasks
        ",
    }
}

pub fn attempts_are_limited() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(Crash), Replicas(1), Restart("on-failure", 100, 2)]),
            Until("web", Says("non-zero exit (1)")),
            Wait(Duration::from_secs(6)),
            Until("web", Rests),
        ],
        protocol: "
            create web: made
            web: crash; non-zero exit (1)
            web: crash; rests after 3 tasks
        ",
    }
}

pub fn a_removed_service_takes_its_tasks_along() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(2)]),
            Until("web", Runs(2)),
            Remove(Kind::Service, "web"),
            Until("web", Gone),
        ],
        protocol: "
            create web: made
            web: 1; 2 run
            remove service web: made
            web: gone
        ",
    }
}
