//! What belongs to somebody else: it is in every world, and has to stay as it was.

use std::collections::BTreeMap;

use skep::diff::{NAMESPACE_LABEL, OWNER_LABEL};
use skep::model::engine::{
    ContainerSpec, NetworkSpec, Replicated, ServiceMode, ServiceSpec, TaskSpec,
};
use skep::model::{Kind, NewData, Observed, SecretBytes};
use skep::ports::Write;
use skep::sim::World;

/// Names of services, networks, secrets and configs of others. Some look like those of a stack
/// `shop` and carry its label, one is another instance's, one has a copied owner label.
const SERVICES: [(&str, &[(&str, &str)]); 4] = [
    ("bystander", &[]),
    ("shop_bystander", &[(NAMESPACE_LABEL, "shop")]),
    ("shop_blue", &[(NAMESPACE_LABEL, "shop"), (OWNER_LABEL, "blue/service/shop_blue")]),
    ("shop_copied", &[(NAMESPACE_LABEL, "shop"), (OWNER_LABEL, "skep/service/shop_web")]),
];
const NETWORK: &str = "theirs-net";
const DATA: [(&str, &[(&str, &str)]); 2] =
    [("theirs", &[]), ("shop_theirs", &[(NAMESPACE_LABEL, "shop")])];

/// Object, id and version.
pub type Bystanders = BTreeMap<(Kind, String), (String, u64)>;

/// Puts everything of others there.
pub fn settle_in(world: &World) -> Bystanders {
    let hand = world.swarm.hand();
    let write = |write: Write| drop(hand.write(&write).expect("a free name"));
    write(Write::CreateNetwork(NetworkSpec { name: NETWORK.to_owned(), ..NetworkSpec::default() }));
    for (name, own) in DATA {
        let new = || NewData::labelled(name.to_owned(), labels(own));
        let bytes = || SecretBytes::new(b"theirs".to_vec());
        write(Write::CreateSecret { new: new(), bytes: bytes() });
        write(Write::CreateConfig { new: new(), bytes: bytes() });
    }
    for (name, own) in SERVICES {
        write(Write::CreateService { spec: Box::new(service(name, own)) });
    }
    seen(&world.swarm.picture())
}

/// Everything of others that is there.
pub fn seen(observed: &Observed) -> Bystanders {
    let services = SERVICES.iter().filter_map(|(name, _)| observed.services.get(*name));
    let services = services.map(|live| {
        ((Kind::Service, live.spec.name.clone()), (live.id.clone(), live.version.index))
    });
    let secrets = DATA.iter().filter_map(|(name, _)| observed.secrets.get(*name));
    let secrets = secrets.map(|live| {
        ((Kind::Secret, live.spec.name.clone()), (live.id.clone(), live.version.index))
    });
    let configs = DATA.iter().filter_map(|(name, _)| observed.configs.get(*name));
    let configs = configs.map(|live| {
        ((Kind::Config, live.spec.name.clone()), (live.id.clone(), live.version.index))
    });
    let network = observed.networks.get(NETWORK).into_iter();
    let network = network.map(|live| ((Kind::Network, live.name.clone()), (live.id.clone(), 0)));
    services.chain(secrets).chain(configs).chain(network).collect()
}

fn service(name: &str, own: &[(&str, &str)]) -> ServiceSpec {
    let container =
        ContainerSpec { image: "elsewhere.test/tool:1".into(), ..ContainerSpec::default() };
    ServiceSpec {
        name: name.to_owned(),
        labels: labels(own),
        task_template: TaskSpec { container_spec: Some(container), ..TaskSpec::default() },
        mode: Some(ServiceMode::Replicated(Replicated { replicas: Some(1) })),
        ..ServiceSpec::default()
    }
}

fn labels(own: &[(&str, &str)]) -> skep::model::engine::StringMap {
    own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
