//! Networks, secrets and configs, and what the engine makes of a spec before it is read back.

use skep::model::Kind;

use crate::change::Change::{
    Config as ConfigRef, EmptyMessages, Endpoint, Everywhere, Image, Json, Mounts,
    Network as NetworkRef, OnFailure, Port, Replicas, Restart, Secret as SecretRef,
};
use crate::script::Act::{
    Adopt, Config, Create, Label, LabelLate, Network, NetworkSpec, Remove, Secret, Spec, Until,
    Update,
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

/// The one way to learn whether a secret has a content (`manager/controlapi/secret.go`).
pub fn a_secret_is_labelled_together_with_its_own_content_only() -> Script {
    Script {
        acts: vec![Secret("pw", "1"), Adopt("pw", "2"), Adopt("pw", "1"), Adopt("pw", "1")],
        protocol: "
            secret pw: made
            adopt pw as 2: refused
            adopt pw as 1: made
            adopt pw as 1: made
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

pub fn the_engine_fills_in_a_network() -> Script {
    Script {
        acts: vec![Network("net"), NetworkSpec("net")],
        protocol: r#"
            network net: made
            net: swarm overlay, internal false, attachable false, options ["com.docker.network.driver.overlay.vxlanid_list"], default ["/24 from .1"]
        "#,
    }
}

pub fn the_engine_keeps_what_is_declared() -> Script {
    Script {
        acts: vec![
            Create(
                "web",
                &[
                    Image(One),
                    Json(
                        r#"{
                            "Labels": {"b": "2", "a": ""},
                            "TaskTemplate": {
                                "ContainerSpec": {
                                    "Labels": {"x": "y"}, "Command": ["/program"], "Args": ["--version", "9"],
                                    "Hostname": "{{.Node.Hostname}}", "Env": ["B=2", "A=1", "C"],
                                    "Dir": "/tmp", "User": "1000", "Groups": ["27"], "Init": false,
                                    "StopSignal": "SIGINT", "TTY": true, "OpenStdin": true, "ReadOnly": true,
                                    "StopGracePeriod": 0, "Hosts": ["1.2.3.4 a", "1.2.3.5 b"],
                                    "DNSConfig": {"Nameservers": ["1.1.1.1"], "Search": ["example.com"], "Options": ["ndots:1"]},
                                    "Healthcheck": {"Test": ["NONE"], "Interval": 1000000000, "Retries": 3},
                                    "Sysctls": {"net.core.somaxconn": "1024"},
                                    "CapabilityAdd": ["NET_ADMIN"], "CapabilityDrop": ["ALL"],
                                    "Ulimits": [{"Name": "nofile", "Hard": 200, "Soft": 100}],
                                    "Mounts": [
                                        {"Type": "bind", "Source": "/tmp", "Target": "/a", "ReadOnly": true, "BindOptions": {"Propagation": "rprivate"}},
                                        {"Type": "volume", "Source": "v", "Target": "/b", "VolumeOptions": {"NoCopy": true, "Labels": {"l": "m"}, "DriverConfig": {"Name": "local", "Options": {"o": "p"}}}},
                                        {"Type": "volume", "Target": "/c", "VolumeOptions": {}},
                                        {"Type": "tmpfs", "Target": "/d", "TmpfsOptions": {"SizeBytes": 1048576, "Mode": 511}}
                                    ]
                                },
                                "Resources": {
                                    "Limits": {"NanoCPUs": 500000000, "MemoryBytes": 67108864, "Pids": 50},
                                    "Reservations": {"MemoryBytes": 4194304, "GenericResources": [{"DiscreteResourceSpec": {"Kind": "gpu", "Value": 1}}]}
                                },
                                "RestartPolicy": {"Condition": "on-failure", "Delay": 0, "MaxAttempts": 3, "Window": 5000000000},
                                "Placement": {
                                    "Constraints": ["node.role == manager"],
                                    "Preferences": [{"Spread": {"SpreadDescriptor": "node.labels.zone"}}],
                                    "MaxReplicas": 2,
                                    "Platforms": [{"Architecture": "amd64", "OS": "linux"}, {"OS": "linux"}]
                                },
                                "LogDriver": {"Name": "json-file", "Options": {"max-size": "1m"}},
                                "ForceUpdate": 7
                            },
                            "Mode": {"Replicated": {"Replicas": 0}},
                            "UpdateConfig": {"Parallelism": 0, "Delay": 1000, "FailureAction": "continue", "Monitor": 1000000, "MaxFailureRatio": 0.25, "Order": "start-first"},
                            "RollbackConfig": {},
                            "EndpointSpec": {"Mode": "dnsrr", "Ports": [{"Name": "http", "Protocol": "udp", "TargetPort": 80, "PublishedPort": 18435, "PublishMode": "host"}]}
                        }"#,
                    ),
                ],
            ),
            Spec("web"),
        ],
        protocol: r#"
            create web: made
            {"Name":"web","Labels":{"a":"","b":"2"},"TaskTemplate":{"ContainerSpec":{"Image":"IMAGE-1","Labels":{"x":"y"},"Command":["/program"],"Args":["--version","9"],"Hostname":"{{.Node.Hostname}}","Env":["B=2","A=1","C"],"Dir":"/tmp","User":"1000","Groups":["27"],"Init":false,"StopSignal":"SIGINT","TTY":true,"OpenStdin":true,"ReadOnly":true,"Mounts":[{"Type":"bind","Source":"/tmp","Target":"/a","ReadOnly":true,"BindOptions":{"Propagation":"rprivate"}},{"Type":"volume","Source":"v","Target":"/b","VolumeOptions":{"NoCopy":true,"Labels":{"l":"m"},"DriverConfig":{"Name":"local","Options":{"o":"p"}}}},{"Type":"volume","Target":"/c","VolumeOptions":{}},{"Type":"tmpfs","Target":"/d","TmpfsOptions":{"SizeBytes":1048576,"Mode":511}}],"StopGracePeriod":0,"Healthcheck":{"Test":["NONE"],"Interval":1000000000,"Retries":3},"Hosts":["1.2.3.4 a","1.2.3.5 b"],"DNSConfig":{"Nameservers":["1.1.1.1"],"Search":["example.com"],"Options":["ndots:1"]},"Isolation":"default","Sysctls":{"net.core.somaxconn":"1024"},"CapabilityAdd":["NET_ADMIN"],"CapabilityDrop":["ALL"],"Ulimits":[{"Name":"nofile","Hard":200,"Soft":100}]},"Resources":{"Limits":{"NanoCPUs":500000000,"MemoryBytes":67108864,"Pids":50},"Reservations":{"MemoryBytes":4194304,"GenericResources":[{"DiscreteResourceSpec":{"Kind":"gpu","Value":1}}]}},"RestartPolicy":{"Condition":"on-failure","Delay":0,"MaxAttempts":3,"Window":5000000000},"Placement":{"Constraints":["node.role == manager"],"Preferences":[{"Spread":{"SpreadDescriptor":"node.labels.zone"}}],"MaxReplicas":2,"Platforms":[{"Architecture":"amd64","OS":"linux"},{"OS":"linux"}]},"LogDriver":{"Name":"json-file","Options":{"max-size":"1m"}},"ForceUpdate":7,"Runtime":"container"},"Mode":{"Replicated":{"Replicas":0}},"UpdateConfig":{"Parallelism":0,"Delay":1000,"FailureAction":"continue","Monitor":1000000,"MaxFailureRatio":0.25,"Order":"start-first"},"RollbackConfig":{"Parallelism":0,"FailureAction":"pause","MaxFailureRatio":0.0,"Order":"stop-first"},"EndpointSpec":{"Mode":"dnsrr","Ports":[{"Name":"http","Protocol":"udp","TargetPort":80,"PublishedPort":18435,"PublishMode":"host"}]}}
        "#,
    }
}

pub fn the_engine_drops_what_it_does_not_know() -> Script {
    Script {
        acts: vec![
            Create(
                "web",
                &[
                    Image(One),
                    Replicas(0),
                    Json(
                        r#"{
                            "NoSuch": 1,
                            "Networks": [],
                            "TaskTemplate": {
                                "NoSuch": 1,
                                "ContainerSpec": {
                                    "NoSuch": 1, "OomScoreAdj": 100, "DNSConfig": {},
                                    "Healthcheck": {"StartInterval": 1000000000},
                                    "Privileges": {"NoNewPrivileges": true, "Seccomp": {"Mode": "unconfined"}},
                                    "Mounts": [
                                        {"Source": "/tmp", "Target": "/a", "Consistency": "cached", "BindOptions": {}},
                                        {"Type": "bind", "Source": "/tmp", "Target": "/b", "BindOptions": {"Propagation": "", "CreateMountpoint": true}},
                                        {"Type": "volume", "Source": "v", "Target": "/c", "VolumeOptions": {"Subpath": "x"}},
                                        {"Type": "tmpfs", "Target": "/d", "TmpfsOptions": {}}
                                    ]
                                },
                                "Resources": {"Limits": {}, "Reservations": {}, "SwapBytes": 1},
                                "LogDriver": {},
                                "RestartPolicy": {},
                                "Placement": {"Constraints": [], "NoSuch": 1}
                            }
                        }"#,
                    ),
                ],
            ),
            Spec("web"),
        ],
        protocol: r#"
            create web: made
            {"Name":"web","Labels":{},"TaskTemplate":{"ContainerSpec":{"Image":"IMAGE-1","Privileges":{"CredentialSpec":null,"SELinuxContext":null},"Mounts":[{"Type":"bind","Source":"/tmp","Target":"/a"},{"Type":"bind","Source":"/tmp","Target":"/b"},{"Type":"volume","Source":"v","Target":"/c","VolumeOptions":{}},{"Type":"tmpfs","Target":"/d","TmpfsOptions":{}}],"Healthcheck":{},"DNSConfig":{},"Isolation":"default"},"Resources":{"Limits":{},"Reservations":{}},"RestartPolicy":{"Condition":"any","MaxAttempts":0},"Placement":{},"LogDriver":{},"ForceUpdate":0,"Runtime":"container"},"Mode":{"Replicated":{"Replicas":0}}}
            from 1.45: {"Name":"web","Labels":{},"TaskTemplate":{"ContainerSpec":{"Image":"IMAGE-1","Privileges":{"CredentialSpec":null,"SELinuxContext":null,"NoNewPrivileges":true,"Seccomp":{"Mode":"unconfined"}},"Mounts":[{"Type":"bind","Source":"/tmp","Target":"/a"},{"Type":"bind","Source":"/tmp","Target":"/b"},{"Type":"volume","Source":"v","Target":"/c","VolumeOptions":{"Subpath":"x"}},{"Type":"tmpfs","Target":"/d","TmpfsOptions":{}}],"Healthcheck":{"StartInterval":1000000000},"DNSConfig":{},"Isolation":"default"},"Resources":{"Limits":{},"Reservations":{}},"RestartPolicy":{"Condition":"any","MaxAttempts":0},"Placement":{},"LogDriver":{},"ForceUpdate":0,"Runtime":"container"},"Mode":{"Replicated":{"Replicas":0}}}
            from 1.46: {"Name":"web","Labels":{},"TaskTemplate":{"ContainerSpec":{"Image":"IMAGE-1","Privileges":{"CredentialSpec":null,"SELinuxContext":null,"NoNewPrivileges":true,"Seccomp":{"Mode":"unconfined"}},"Mounts":[{"Type":"bind","Source":"/tmp","Target":"/a"},{"Type":"bind","Source":"/tmp","Target":"/b"},{"Type":"volume","Source":"v","Target":"/c","VolumeOptions":{"Subpath":"x"}},{"Type":"tmpfs","Target":"/d","TmpfsOptions":{}}],"Healthcheck":{"StartInterval":1000000000},"DNSConfig":{},"Isolation":"default","OomScoreAdj":100},"Resources":{"Limits":{},"Reservations":{}},"RestartPolicy":{"Condition":"any","MaxAttempts":0},"Placement":{},"LogDriver":{},"ForceUpdate":0,"Runtime":"container"},"Mode":{"Replicated":{"Replicas":0}}}
        "#,
    }
}

/// A spec names them by name, what is read back by an id that is in no listing.
pub fn the_networks_of_every_node_are_seen_by_those_who_use_them() -> Script {
    Script {
        acts: vec![
            Create("web", &[Image(One), Replicas(0), Everywhere("host")]),
            Create("api", &[Image(One), Replicas(0), Everywhere("bridge")]),
            Spec("web"),
            Spec("api"),
        ],
        protocol: r#"
            create web: made
            create api: made
            {"Name":"web","Labels":{},"TaskTemplate":{"ContainerSpec":{"Image":"IMAGE-1","Isolation":"default"},"Networks":[{"Target":"ID-OF-host"}],"ForceUpdate":0,"Runtime":"container"},"Mode":{"Replicated":{"Replicas":0}}}
            {"Name":"api","Labels":{},"TaskTemplate":{"ContainerSpec":{"Image":"IMAGE-1","Isolation":"default"},"Networks":[{"Target":"ID-OF-bridge"}],"ForceUpdate":0,"Runtime":"container"},"Mode":{"Replicated":{"Replicas":0}}}
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
