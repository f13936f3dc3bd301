//! Each write, and each way in which the engine says no.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use skep::model::engine::{
    ConfigReference, DataFile, NetworkAttachment, NetworkSpec, SecretReference, ServiceSpec,
    StringMap, Version,
};
use skep::model::{Kind, ObjectRef, Observed, Target};
use skep::ports::{Swarm, SwarmError, Write};

use crate::lab::Lab;
use crate::{bytes, connect, create, new_data, removal, service, target, update};

const KINDS: [Kind; 4] = [Kind::Service, Kind::Network, Kind::Secret, Kind::Config];

fn overlay(name: &str) -> Write {
    Write::CreateNetwork(NetworkSpec {
        name: name.to_owned(),
        driver: "overlay".to_owned(),
        ..NetworkSpec::default()
    })
}

fn has(seen: &Observed, kind: Kind, name: &str) -> bool {
    match kind {
        Kind::Network => seen.networks.contains_key(name),
        Kind::Secret => seen.secrets.contains_key(name),
        Kind::Config => seen.configs.contains_key(name),
        Kind::Service => seen.services.contains_key(name),
        Kind::Node => false,
    }
}

/// A service that refers to a network, a secret and a config.
fn using(seen: &Observed, mut spec: ServiceSpec, name: &str) -> ServiceSpec {
    let id = |kind| target(seen, kind, name).id;
    let attachment =
        NetworkAttachment { target: id(Kind::Network), ..NetworkAttachment::default() };
    spec.task_template.networks = vec![attachment];
    let file = |path: &str| {
        let zero = || "0".to_owned();
        Some(DataFile { name: path.to_owned(), uid: zero(), gid: zero(), mode: 0o444 })
    };
    let container = spec.task_template.container_spec.get_or_insert_default();
    container.secrets = vec![SecretReference {
        file: file("secret"),
        secret_id: id(Kind::Secret),
        secret_name: name.to_owned(),
        ..SecretReference::default()
    }];
    container.configs = vec![ConfigReference {
        file: file("/config"),
        config_id: id(Kind::Config),
        config_name: name.to_owned(),
        ..ConfigReference::default()
    }];
    spec
}

#[tokio::test]
async fn each_kind_is_made_used_and_removed() {
    let lab = Lab::open();
    let claim = lab.claim("one", "kinds");
    let (swarm, name) = (connect(claim.node), claim.prefix.as_str());
    let (new, secret) = (new_data(name), bytes("hunter2?>~"));
    swarm.write(&overlay(name)).await.unwrap();
    swarm.write(&Write::CreateSecret { new: new.clone(), bytes: secret.clone() }).await.unwrap();
    swarm.write(&Write::CreateConfig { new, bytes: secret }).await.unwrap();
    let seen = swarm.look().await.unwrap();
    let data = &seen.configs[name].spec.data;
    assert_eq!(STANDARD.decode(data).unwrap(), b"hunter2?>~");
    assert_eq!(seen.secrets[name].spec.labels.get("made-by").unwrap(), "a test");
    create(&swarm, using(&seen, service(&lab, name, 0), name)).await.unwrap();

    let seen = swarm.look().await.unwrap();
    for kind in &KINDS[1..] {
        let error = swarm.write(&removal(&seen, *kind, name)).await.unwrap_err();
        assert!(matches!(error, SwarmError::InUse { .. }), "{kind}: {error}");
    }
    for kind in KINDS {
        swarm.write(&removal(&seen, kind, name)).await.unwrap();
        // A second time it is gone already, which is what was wanted.
        swarm.write(&removal(&seen, kind, name)).await.unwrap();
    }
    let seen = swarm.look().await.unwrap();
    assert!(!KINDS.iter().any(|kind| has(&seen, *kind, name)));
}

#[tokio::test]
async fn a_name_that_is_taken_is_a_conflict() {
    let lab = Lab::open();
    let claim = lab.claim("one", "taken");
    let (swarm, name) = (connect(claim.node), claim.prefix.as_str());
    let writes = [
        overlay(name),
        Write::CreateSecret { new: new_data(name), bytes: bytes("1") },
        Write::CreateConfig { new: new_data(name), bytes: bytes("1") },
        Write::CreateService { spec: Box::new(service(&lab, name, 0)) },
    ];
    for write in &writes {
        assert!(!swarm.write(write).await.unwrap().id.is_empty());
        let error = swarm.write(write).await.unwrap_err();
        assert!(matches!(error, SwarmError::Conflict { .. }), "{error}");
    }
}

#[tokio::test]
async fn two_racing_creates_of_one_name_make_one_object_and_a_conflict() {
    let lab = Lab::open();
    let claim = lab.claim("one", "race");
    let swarm = connect(claim.node);
    for round in 0..10 {
        let name = format!("{}-{round}", claim.prefix);
        let write = overlay(&name);
        let (one, two) = tokio::join!(swarm.write(&write), swarm.write(&write));
        let (made, refused) = if one.is_ok() { (one, two) } else { (two, one) };
        made.unwrap();
        let error = refused.unwrap_err();
        assert!(matches!(error, SwarmError::Conflict { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_write_against_an_old_version_is_a_conflict_and_changes_nothing() {
    let lab = Lab::open();
    let claim = lab.claim("one", "stale");
    let (swarm, name) = (connect(claim.node), claim.prefix.as_str());
    create(&swarm, service(&lab, name, 0)).await.unwrap();
    let config = Write::CreateConfig { new: new_data(name), bytes: bytes("1") };
    swarm.write(&config).await.unwrap();
    let old = swarm.look().await.unwrap();
    let labels = |value: &str| StringMap::from([("by".to_owned(), value.to_owned())]);
    let label = |seen: &Observed, value| Write::Label {
        kind: Kind::Config,
        target: target(seen, Kind::Config, name),
        labels: labels(value),
    };
    update(&swarm, &old, name, |spec| spec.labels = labels("first")).await.unwrap();
    swarm.write(&label(&old, "first")).await.unwrap();

    let late = update(&swarm, &old, name, |spec| spec.labels = labels("second")).await;
    assert!(matches!(late, Err(SwarmError::Conflict { .. })), "{late:?}");
    let late = swarm.write(&label(&old, "second")).await;
    assert!(matches!(late, Err(SwarmError::Conflict { .. })), "{late:?}");
    let seen = swarm.look().await.unwrap();
    assert_eq!(seen.services[name].spec.labels, labels("first"));
    assert_eq!(seen.configs[name].spec.labels, labels("first"));
    assert_eq!(seen.configs[name].spec.data, STANDARD.encode("1"));
}

#[tokio::test]
async fn an_object_that_is_gone_is_a_conflict_for_an_update() {
    let lab = Lab::open();
    let claim = lab.claim("one", "gone");
    let (swarm, name) = (connect(claim.node), claim.prefix.as_str());
    create(&swarm, service(&lab, name, 0)).await.unwrap();
    let seen = swarm.look().await.unwrap();
    swarm.write(&removal(&seen, Kind::Service, name)).await.unwrap();
    let late = update(&swarm, &seen, name, |_| ()).await;
    assert!(matches!(late, Err(SwarmError::Conflict { .. })), "{late:?}");
}

#[tokio::test]
async fn an_id_that_now_means_something_else_removes_nothing() {
    let lab = Lab::open();
    let claim = lab.claim("one", "other");
    let (swarm, name) = (connect(claim.node), claim.prefix.as_str());
    for kind in [Kind::Secret, Kind::Config] {
        let new = new_data(name);
        let write = match kind {
            Kind::Secret => Write::CreateSecret { new, bytes: bytes("1") },
            _ => Write::CreateConfig { new, bytes: bytes("1") },
        };
        swarm.write(&write).await.unwrap();
        let seen = swarm.look().await.unwrap();
        let id = target(&seen, kind, name).id;
        // The engine finds objects by name and by the beginning of an id, too.
        for id in [name.to_owned(), id[..12].to_owned()] {
            let version = Version::default();
            let target = Target { name: name.to_owned(), id, version };
            let remove = Write::Remove { object: ObjectRef::new(kind, name), target };
            swarm.write(&remove).await.unwrap();
        }
        assert!(has(&swarm.look().await.unwrap(), kind, name), "{kind}");
    }
}

#[tokio::test]
async fn what_the_engine_will_never_take_is_refused() {
    let lab = Lab::open();
    let claim = lab.claim("one", "refused");
    let (swarm, name) = (connect(claim.node), claim.prefix.as_str());
    let bad_name = create(&swarm, service(&lab, "a.b", 0)).await;
    let empty = Write::CreateConfig { new: new_data(name), bytes: bytes("") };
    for answer in [bad_name, swarm.write(&empty).await] {
        assert!(matches!(answer, Err(SwarmError::Refused { .. })), "{answer:?}");
    }
}
