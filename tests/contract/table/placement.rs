//! Nodes, constraints and global services (`manager/scheduler`, `orchestrator/global`,
//! `constraintenforcer`).

use std::time::Duration;

use crate::change::Change::{Constraints, Global, Image, MaxReplicas, OnNode, Replicas, Restart};
use crate::script::Act::{
    Compare, Create, Engine, Mark, Node, NodeLabel, Until, Update, Wait, Where,
};
use crate::script::Goal::{Rests, Runs, Says};
use crate::script::Script;
use crate::stage::Program::One;

pub fn a_global_service_has_a_task_on_each_node() -> Script {
    Script {
        acts: vec![
            Create("agent", &[Image(One), Global]),
            Until("agent", Runs(3)),
            Where("agent"),
            Mark("agent"),
            Update("agent", &[Constraints(&["node.role == worker"])]),
            Until("agent", Runs(2)),
            Compare("agent"),
            Where("agent"),
        ],
        protocol: "
            create agent: made
            agent: 1; 3 run
            agent: on node1 node2 node3
            update agent: made
            agent: 1, before 1; 2 run
            agent: 2 same, 0 new, 0 outdated
            agent: on node2 node3
        ",
    }
}

pub fn a_constraint_that_no_node_meets_leaves_tasks_pending() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(1), Constraints(&["node.labels.none == x"])]),
            Until(
                "web",
                Says("no suitable node (scheduling constraints not satisfied on 3 nodes)"),
            ),
            Update("web", &[OnNode(2)]),
            Until("web", Runs(1)),
            Where("web"),
        ],
        protocol: "
            create web: made
            web: 1; no suitable node (scheduling constraints not satisfied on 3 nodes)
            update web: made
            web: [updating] 1, before 1; 1 run
            web: on node2
        ",
    }
}

pub fn at_most_so_many_replicas_on_a_node() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(4), MaxReplicas(1)]),
            Until("web", Says("max replicas per node limit exceed")),
            Update("web", &[Replicas(3)]),
            Until("web", Runs(3)),
            Where("web"),
        ],
        protocol: "
            create web: made
            web: 1; max replicas per node limit exceed
            update web: made
            web: 1, before 1; 3 run
            web: on node1 node2 node3
        ",
    }
}

pub fn a_drained_node_is_left_and_not_taken_back() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(3)]),
            Until("web", Runs(3)),
            Where("web"),
            Node(3, "drain"),
            Wait(Duration::from_millis(500)),
            Until("web", Runs(3)),
            Mark("web"),
            Node(3, "active"),
            Wait(Duration::from_secs(1)),
            Until("web", Runs(3)),
            Compare("web"),
        ],
        protocol: "
            create web: made
            web: 1; 3 run
            web: on node1 node2 node3
            node3 drain: done
            web: 1; 3 run
            node3 active: done
            web: 1; 3 run
            web: 3 same, 0 new, 0 outdated
        ",
    }
}

pub fn a_lost_node_is_left_and_not_taken_back() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(3)]),
            Until("web", Runs(3)),
            Where("web"),
            Mark("web"),
            Engine(3, "kill"),
            Wait(Duration::from_secs(5)),
            Compare("web"),
            Wait(Duration::from_secs(25)),
            Compare("web"),
            Mark("web"),
            Engine(3, "start"),
            Wait(Duration::from_secs(10)),
            Until("web", Runs(3)),
            Compare("web"),
        ],
        protocol: "
            create web: made
            web: 1; 3 run
            web: on node1 node2 node3
            kill node3: done
            web: 3 same, 0 new, 0 outdated
            web: 2 same, 1 new, 0 outdated
            start node3: done
            web: 1; 3 run
            web: 3 same, 0 new, 0 outdated
        ",
    }
}

pub fn a_node_that_loses_its_label_loses_its_task() -> Script {
    Script {
        acts: vec![
            NodeLabel(2, "yes"),
            Create(
                "web",
                &[
                    Image(One),
                    Replicas(1),
                    Restart("any", 100, 0),
                    Constraints(&["node.labels.skep.contract == yes"]),
                ],
            ),
            Until("web", Runs(1)),
            Where("web"),
            NodeLabel(3, "yes"),
            NodeLabel(2, "no"),
            Wait(Duration::from_millis(500)),
            Until("web", Runs(1)),
            Where("web"),
            NodeLabel(3, "no"),
        ],
        protocol: "
            node2 labelled yes: done
            create web: made
            web: 1; 1 run
            web: on node2
            node3 labelled yes: done
            node2 labelled no: done
            web: 1; 1 run
            web: on node3
            node3 labelled no: done
        ",
    }
}

pub fn a_global_service_leaves_a_drained_node_and_comes_back() -> Script {
    Script {
        acts: vec![
            Create("agent", &[Image(One), Global, Constraints(&["node.role == worker"])]),
            Until("agent", Runs(2)),
            Node(3, "drain"),
            Until("agent", Runs(1)),
            Node(2, "drain"),
            Until("agent", Rests),
            Node(2, "active"),
            Node(3, "active"),
            Until("agent", Runs(2)),
            Where("agent"),
        ],
        protocol: "
            create agent: made
            agent: 1; 2 run
            node3 drain: done
            agent: 1; 1 run
            node2 drain: done
            agent: 1; rests after 2 tasks
            node2 active: done
            node3 active: done
            agent: 1; 2 run
            agent: on node2 node3
        ",
    }
}
