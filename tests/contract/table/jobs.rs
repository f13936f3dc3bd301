//! Jobs (`orchestrator/jobs`).

use std::time::Duration;

use crate::change::Change::{Env, GlobalJob, Image, Job, Label, Restart};
use crate::script::Act::{Create, Until, Update, Wait};
use crate::script::Goal::{Completed, Says};
use crate::script::Script;
use crate::stage::Program::{Crash, Done};

pub fn a_job_runs_again_on_every_update() -> Script {
    Script {
        acts: vec![
            Create("job", &[Image(Done), Job]),
            Until("job", Completed(1)),
            Update("job", &[Label("by", "hand")]),
            Until("job", Completed(0)),
            Until("job", Completed(1)),
        ],
        protocol: "
            create job: made
            job: done; 1 completed
            update job: made
            job: done by:hand, before done; 0 completed
            job: done by:hand, before done; 1 completed
        ",
    }
}

pub fn a_failing_job_is_tried_again() -> Script {
    Script {
        acts: vec![
            Create("job", &[Image(Crash), Job, Restart("on-failure", 100, 0)]),
            Until("job", Says("non-zero exit (1)")),
            Wait(Duration::from_secs(1)),
            Update("job", &[Image(Done), Env(&["V=2"])]),
            Until("job", Completed(1)),
        ],
        protocol: "
            create job: made
            job: crash; non-zero exit (1)
            update job: made
            job: done V=2, before crash; 1 completed
        ",
    }
}

pub fn a_global_job_runs_on_each_node() -> Script {
    Script {
        acts: vec![Create("job", &[Image(Done), GlobalJob]), Until("job", Completed(3))],
        protocol: "
            create job: made
            job: done; 3 completed
        ",
    }
}
