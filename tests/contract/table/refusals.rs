//! What the engine refuses, and as what (`manager/controlapi`).

use skep::model::Kind;

use crate::change::Change::{
    Constraints, Endpoint, Global, Image, ImageText, Job, Label, Memory, Mounts, OnFailure, Order,
    Port, Ratio, Rename, Replicas,
};
use crate::script::Act::{Config, Create, Network, Remove, Secret, Update, UpdateLate};
use crate::script::Script;
use crate::stage::Program::One;

pub fn a_taken_name_is_a_conflict() -> Script {
    Script {
        acts: vec![
            Network("net"),
            Network("net"),
            Secret("pw", "1"),
            Secret("pw", "1"),
            Config("page", "1"),
            Config("page", "2"),
            Create("web", &[Image(One), Replicas(0)]),
            Create("web", &[Image(One), Replicas(0)]),
        ],
        protocol: "
            network net: made
            network net: conflict
            secret pw: made
            secret pw: conflict
            config page: made
            config page: conflict
            create web: made
            create web: conflict
        ",
    }
}

pub fn an_old_version_is_a_conflict() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(0)]),
            Update("web", &[Label("by", "first")]),
            UpdateLate("web", &[Label("by", "second")]),
            Update("web", &[Label("by", "third")]),
        ],
        protocol: "
            create web: made
            update web: made
            update web late: conflict
            update web: made
        ",
    }
}

pub fn a_removed_object_is_no_error_and_an_update_of_it_is_a_conflict() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(0)]),
            Remove(Kind::Service, "web"),
            UpdateLate("web", &[Label("by", "hand")]),
        ],
        protocol: "
            create web: made
            remove service web: made
            update web late: conflict
        ",
    }
}

pub fn names_have_rules() -> Script {
    Script {
        acts: vec![
            Create("a.b", &[Image(One), Replicas(0)]),
            Create("a-", &[Image(One), Replicas(0)]),
            Create(
                "a-name-that-is-far-too-long-for-a-service-of-any-kind-whatsoever",
                &[Image(One), Replicas(0)],
            ),
            Secret("a/b", "1"),
            Secret("a.b", "1"),
            Secret("-", "1"),
            Config("a b", "1"),
            Config("empty", ""),
            Secret("empty", ""),
        ],
        protocol: "
            create a.b: refused
            create a-: refused
            create a-name-that-is-far-too-long-for-a-service-of-any-kind-whatsoever: refused
            secret a/b: refused
            secret a.b: made
            secret -: refused
            config a b: refused
            config empty: refused
            secret empty: refused
        ",
    }
}

pub fn modes_and_names_can_not_be_changed() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(0)]),
            Update("web", &[Global]),
            Update("web", &[Rename("other")]),
        ],
        protocol: "
            create web: made
            update web: refused
            update web: refused
        ",
    }
}

pub fn jobs_have_no_update_settings() -> Script {
    Script {
        acts: vec![Create("job", &[Image(One), Job, OnFailure("pause")])],
        protocol: "
            create job: refused
        ",
    }
}

pub fn specs_that_are_wrong_by_themselves_are_refused() -> Script {
    Script {
        acts: vec![
            Create("a", &[ImageText(""), Replicas(0)]),
            Create("b", &[ImageText("UPPER"), Replicas(0)]),
            Create("c", &[Image(One), Replicas(0), Memory(1024)]),
            Create("d", &[Image(One), Replicas(0), Mounts(&["/a", "/a"])]),
            Create("e", &[Image(One), Replicas(0), OnFailure("explode")]),
            Create("f", &[Image(One), Replicas(0), Order("sideways")]),
            Create("g", &[Image(One), Replicas(0), Ratio(1.5)]),
            Create("h", &[Image(One), Replicas(0), Endpoint("dnsrr"), Port(18_432, "ingress")]),
            Create(
                "i",
                &[Image(One), Replicas(0), Port(18_432, "ingress"), Port(18_432, "ingress")],
            ),
            Create("j", &[Image(One), Replicas(0), Constraints(&["node.role"])]),
            Create("k", &[Image(One), Replicas(0), Constraints(&["node.role == <b>"])]),
            Create("l", &[Image(One), Replicas(0), Constraints(&["no.such.key == b"])]),
        ],
        protocol: "
            create a: refused
            create b: refused
            create c: refused
            create d: refused
            create e: refused
            create f: refused
            create g: refused
            create h: refused
            create i: refused
            create j: refused
            create k: refused
            create l: made
        ",
    }
}

pub fn ports_that_are_taken_are_refused() -> Script {
    Script {
        acts: vec![
            Create("a", &[Image(One), Replicas(0), Port(18_433, "ingress")]),
            Create("b", &[Image(One), Replicas(0), Port(18_433, "ingress")]),
            Create("c", &[Image(One), Replicas(0), Port(18_433, "host")]),
            Create("d", &[Image(One), Replicas(0), Port(18_434, "host")]),
            Create("e", &[Image(One), Replicas(0), Port(18_434, "host")]),
            Create("f", &[Image(One), Replicas(0), Port(18_434, "ingress")]),
            Update("d", &[Port(18_433, "ingress")]),
        ],
        protocol: "
            create a: made
            create b: refused
            create c: refused
            create d: made
            create e: made
            create f: refused
            update d: refused
        ",
    }
}
