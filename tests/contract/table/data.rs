//! Networks, secrets and configs, and what the engine makes of a spec before it is read back.

use skep::model::Kind;

use crate::change::Change::{
    Config as ConfigRef, EmptyMessages, Endpoint, Image, Mounts, Network as NetworkRef, OnFailure,
    Port, Replicas, Restart, Secret as SecretRef,
};
use crate::script::Act::{
    Config, Create, Label, LabelLate, Network, Remove, Secret, Spec, Until, Update,
};
use crate::script::Goal::Gone;
use crate::script::Script;
use crate::stage::Program::One;

pub fn references_to_nothing_are_conflicts() -> Script {
    Script {
        acts: vec![
            Create("a", &[Image(One), Replicas(0), SecretRef("none")]),
            Create("b", &[Image(One), Replicas(0), ConfigRef("none")]),
            Create("c", &[Image(One), Replicas(0), NetworkRef("none")]),
        ],
        protocol: "
            create a: conflict
            create b: conflict
            create c: conflict
        ",
    }
}

pub fn what_is_used_can_not_be_removed() -> Script {
    Script {
        acts: vec![
            Network("net"),
            Secret("pw", "1"),
            Config("page", "1"),
            Label("page", "first"),
            LabelLate("page", "second"),
            Create(
                "web",
                &[Image(One), Replicas(0), NetworkRef("net"), SecretRef("pw"), ConfigRef("page")],
            ),
            Remove(Kind::Network, "net"),
            Remove(Kind::Secret, "pw"),
            Remove(Kind::Config, "page"),
            Remove(Kind::Service, "web"),
            Until("web", Gone),
            Remove(Kind::Network, "net"),
            Remove(Kind::Secret, "pw"),
            Remove(Kind::Config, "page"),
        ],
        protocol: "
            network net: made
            secret pw: made
            config page: made
            label page: made
            label page late: conflict
            create web: made
            remove network net: in use
            remove secret pw: in use
            remove config page: in use
            remove service web: made
            web: gone
            remove network net: made
            remove secret pw: made
            remove config page: made
        ",
    }
}

/// swarmkit#2509: a rollback to it fails then.
pub fn what_only_the_previous_spec_uses_can_be_removed() -> Script {
    Script {
        acts: vec![
            Secret("old", "1"),
            Secret("new", "2"),
            Create("web", &[Image(One), Replicas(0), SecretRef("old")]),
            Remove(Kind::Secret, "old"),
            Update("web", &[SecretRef("new")]),
            Remove(Kind::Secret, "old"),
            Remove(Kind::Secret, "new"),
        ],
        protocol: "
            secret old: made
            secret new: made
            create web: made
            remove secret old: in use
            update web: made
            remove secret old: made
            remove secret new: in use
        ",
    }
}

pub fn the_engine_fills_in_a_short_spec() -> Script {
    Script {
        acts: vec![Create("web", &[Image(One), Replicas(0)]), Spec("web")],
        protocol: r#"
            create web: made
            {"Name":"web","Labels":{},"TaskTemplate":{"ContainerSpec":{"Image":"IMAGE-1","Isolation":"default"},"ForceUpdate":0,"Runtime":"container"},"Mode":{"Replicated":{"Replicas":0}}}
        "#,
    }
}

pub fn the_engine_fills_in_what_is_empty() -> Script {
    Script {
        acts: vec![
            Network("net"),
            Secret("pw", "1"),
            Config("page", "1"),
            Create(
                "web",
                &[
                    Image(One),
                    Replicas(0),
                    EmptyMessages,
                    OnFailure(""),
                    Restart("", 1000, 0),
                    Endpoint(""),
                    Port(0, ""),
                    NetworkRef("net"),
                    SecretRef("pw"),
                    ConfigRef("page"),
                    Mounts(&["/tmp"]),
                ],
            ),
            Spec("web"),
        ],
        protocol: r#"
            network net: made
            secret pw: made
            config page: made
            create web: made
            {"Name":"web","Labels":{},"TaskTemplate":{"ContainerSpec":{"Image":"IMAGE-1","Privileges":{"CredentialSpec":null,"SELinuxContext":null},"Mounts":[{"Type":"tmpfs","Target":"/tmp"}],"Secrets":[{"File":{"Name":"pw","UID":"0","GID":"0","Mode":292},"SecretID":"ID-OF-pw","SecretName":"pw"}],"Configs":[{"File":{"Name":"page","UID":"0","GID":"0","Mode":292},"ConfigID":"ID-OF-page","ConfigName":"page"}],"Isolation":"default"},"Resources":{},"RestartPolicy":{"Condition":"any","Delay":1000000000,"MaxAttempts":0},"Placement":{},"Networks":[{"Target":"ID-OF-net"}],"ForceUpdate":0,"Runtime":"container"},"Mode":{"Replicated":{"Replicas":0}},"UpdateConfig":{"Parallelism":1,"FailureAction":"pause","Monitor":2000000000,"MaxFailureRatio":0.0,"Order":"stop-first"},"EndpointSpec":{"Mode":"vip","Ports":[{"Protocol":"tcp","TargetPort":8080,"PublishMode":"ingress"}]}}
        "#,
    }
}
