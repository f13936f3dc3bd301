//! Nothing that an engine says of an object is lost in silence: whatever is another there is another
//! in the files, or in what they say that they do not say.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use skep::model::Observed;
use skep::model::engine::{LiveConfig, LiveNetwork, LiveSecret, Service};
use skep::ports::Swarm as _;
use skep::sim::World;
use skep::view::compose::{Contents, Drawings, Selection, document, draw};
use skep::view::yaml::write;

/// A service with every field of the engine's API 1.52, none of them at its default.
const FULL: &str = include_str!("full.json");

/// Fields that nobody declares, ids that stand for names, and names that stand beside ids.
const NOBODYS: [&str; 6] = [
    "/Spec/TaskTemplate/ContainerSpec/Configs/0/ConfigName",
    "/Spec/TaskTemplate/ForceUpdate",
    "/Spec/TaskTemplate/ContainerSpec/Secrets/0/SecretID",
    "/Spec/TaskTemplate/ContainerSpec/Configs/0/ConfigID",
    // What its own stack is called stands in the file's name.
    "/Spec/Name",
    "/Spec/TaskTemplate/ContainerSpec/Labels/com.docker.stack.namespace",
];

/// Structs that the model reads by their fields alone: a newer field of theirs gets no further.
const CLOSED: [&str; 14] = [
    "/AppArmor/",
    "/CredentialSpec/",
    "/DiscreteResourceSpec/",
    "/DriverConfig/",
    "/File/",
    "/IPAM/",
    "/NamedResourceSpec/",
    "/Preferences/",
    "/Replicated/",
    "/SELinuxContext/",
    "/Seccomp/",
    "/Spec/Driver/",
    "/Templating/",
    "/Ulimits/",
];
/// What the engine says of an object beside its spec.
const AROUND: [&str; 7] =
    ["/ID", "/Id", "/Ingress", "/Scope", "/Unheard", "/Version/Index", "/Version/Unheard"];

fn is_nobodys(path: &str) -> bool {
    let closed = || path.ends_with("/Unheard") && CLOSED.iter().any(|part| path.contains(part));
    NOBODYS.contains(&path) || AROUND.contains(&path) || closed()
}

/// A swarm with the full service, and a network, a config and a secret with every field.
async fn observed() -> Observed {
    let mut observed = World::new(1).swarm.look().await.expect("a look");
    let stack = json!({"com.docker.stack.namespace": "shop", "a": "b"});
    let driver = json!({"Name": "golang", "Options": {"x": "y"}});
    add::<Service, _>(&mut observed.services, "shop_web", json!({"ID": "i1", "Spec": json(FULL)}));
    add::<LiveNetwork, _>(
        &mut observed.networks,
        "shop_front",
        json!({"Id": "n1", "Name": "shop_front", "Scope": "swarm", "Driver": "weave",
            "Internal": true, "Attachable": true, "EnableIPv6": true, "Options": {"encrypted": "x"},
            "Labels": stack, "IPAM": {"Driver": "cloud", "Options": {"zone": "a"}, "Config": [
                {"Subnet": "172.28.0.0/16", "IPRange": "172.28.5.0/24", "Gateway": "172.28.5.9"}]}}),
    );
    add::<LiveConfig, _>(
        &mut observed.configs,
        "shop_motd",
        json!({"ID": "c1", "Spec": {"Name": "shop_motd", "Labels": stack, "Data": "aGVsbG8K",
            "Templating": driver}}),
    );
    for (name, of_driver) in [("shop_password", Value::Null), ("shop_vault", driver.clone())] {
        add::<LiveSecret, _>(
            &mut observed.secrets,
            name,
            json!({"ID": format!("{name}-1"), "Spec": {"Name": name, "Labels": stack,
                "Driver": of_driver, "Templating": driver}}),
        );
    }
    observed
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn add<T: DeserializeOwned, V: From<T>>(
    objects: &mut BTreeMap<String, V>,
    name: &str,
    value: Value,
) {
    let object: T = serde_json::from_value(value).expect("an object");
    objects.insert(name.to_owned(), object.into());
}

/// All that is written of a swarm, as files and as one text.
fn written(observed: &Observed) -> String {
    let drawings: Drawings = draw(observed, &Selection::default());
    let inline = Selection { contents: Contents::Inline, ..Selection::default() };
    let mut text = document(&draw(observed, &inline).stacks);
    for one in &drawings.stacks {
        text.push_str(&write(&one.file));
        text.push_str(&format!("{:?}", one.contents));
    }
    text
}

/// Changes every value of an object, and puts one that is not known beside it; tells the paths of
/// those that made no difference.
fn silent<T: Serialize + DeserializeOwned>(
    observed: &Observed,
    (name, object): (&str, &T),
    set: impl Fn(&mut Observed, T),
) -> Vec<String> {
    let before = written(observed);
    let whole = serde_json::to_value(object).expect("JSON");
    let mut silent = Vec::new();
    for path in paths(&whole, String::new()) {
        for change in [changed, beside] {
            let mut value = whole.clone();
            let Some(told) = change(value.pointer_mut(&path).expect("a place"), &path) else {
                continue;
            };
            let Ok(object) = serde_json::from_value(value) else { continue };
            let mut observed = observed.clone();
            set(&mut observed, object);
            if written(&observed) == before && !is_nobodys(&told) {
                silent.push(format!("{name}: {told}"));
            }
        }
    }
    silent
}

/// Places of everything in a value.
fn paths(value: &Value, at: String) -> Vec<String> {
    let mut all = Vec::new();
    let below: Vec<(String, &Value)> = match value {
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.replace('/', "~1"), value)).collect()
        }
        Value::Array(list) => list.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect(),
        _ => Vec::new(),
    };
    for (key, value) in below {
        all.extend(paths(value, format!("{at}/{key}")));
    }
    all.push(at);
    all
}

/// Another value of the same kind, that is as good; its path.
fn changed(value: &mut Value, path: &str) -> Option<String> {
    *value = match value {
        Value::Bool(flag) => Value::Bool(!*flag),
        Value::Number(number) => match number.as_i64() {
            Some(number) => json!(number * 2 + 1),
            None => json!(number.as_f64()? / 2.0),
        },
        Value::String(text) => json!(format!("{text}x")),
        _ => return None,
    };
    Some(path.to_owned())
}

/// A field of an engine that is newer than this program.
fn beside(value: &mut Value, path: &str) -> Option<String> {
    let map = value.as_object_mut()?;
    map.insert("Unheard".to_owned(), json!("of"));
    Some(format!("{path}/Unheard"))
}

#[tokio::test]
async fn no_field_of_a_service_is_lost_in_silence() {
    let observed = observed().await;
    let service: &Service = &observed.services["shop_web"];
    let spec = json(FULL);
    let kept = serde_json::to_value(&service.spec).expect("JSON");
    assert_eq!(lost(&spec, &kept, String::new()), Vec::<String>::new(), "the model forgets it");
    let silent = silent(&observed, ("shop_web", service), |observed, service| {
        observed.services.insert("shop_web".to_owned(), service.into());
    });
    assert_eq!(silent, Vec::<String>::new(), "{}", written(&observed));
}

/// Paths that are in the first and not in the second.
fn lost(first: &Value, second: &Value, at: String) -> Vec<String> {
    let there = paths(second, String::new());
    paths(first, at).into_iter().filter(|path| !there.contains(path)).collect()
}

#[tokio::test]
async fn no_field_of_a_network_config_or_secret_is_lost_in_silence() {
    let observed = observed().await;
    let network: &LiveNetwork = &observed.networks["shop_front"];
    let mut silent = silent(&observed, ("shop_front", network), |observed, network| {
        observed.networks.insert("shop_front".to_owned(), network);
    });
    let config: &LiveConfig = &observed.configs["shop_motd"];
    silent.extend(self::silent(&observed, ("shop_motd", config), |observed, config| {
        observed.configs.insert("shop_motd".to_owned(), config.into());
    }));
    for name in ["shop_password", "shop_vault"] {
        let secret: &LiveSecret = &observed.secrets[name];
        silent.extend(self::silent(&observed, (name, secret), |observed, secret| {
            observed.secrets.insert(name.to_owned(), secret);
        }));
    }
    assert_eq!(silent, Vec::<String>::new(), "{}", written(&observed));
}
