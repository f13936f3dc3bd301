//! Nodes of a real swarm: labels come before the services that need them, are put back, and go with
//! their declaration.

use skep::reconcile::Settings;

use crate::lab::{Lab, within};
use crate::world::{PATIENCE, World};

/// The node that gets labels.
const WORKER: &str = "three-2";

/// A label of one test. It goes when this is dropped, whatever became of the test.
struct Label<'a> {
    lab: &'a Lab,
    key: String,
}

impl Label<'_> {
    fn value(&self) -> String {
        let format = format!("{{{{index .Spec.Labels \"{}\"}}}}", self.key);
        let manager = self.lab.manager("three");
        self.lab
            .docker(manager, &["node", "inspect", "--format", &format, WORKER])
            .trim()
            .to_owned()
    }

    fn by_hand(&self, node: &str, value: &str) {
        let manager = self.lab.manager("three");
        // A node that somebody else writes in the same moment is asked for again.
        let label = format!("{}={value}", self.key);
        let written = || {
            let words = ["node", "update", "--label-add", &label, node];
            self.lab.try_docker(manager, &words).is_ok()
        };
        assert!(within(PATIENCE, written), "{label} on {node}");
    }
}

impl Drop for Label<'_> {
    fn drop(&mut self) {
        let manager = self.lab.manager("three");
        for node in &self.lab.swarms["three"] {
            // Most have none.
            let words = ["node", "update", "--label-rm", &self.key, &node.name];
            let _ = self.lab.try_docker(manager, &words);
        }
    }
}

#[test]
fn a_label_comes_before_the_service_that_needs_it_is_put_back_and_goes_with_its_declaration() {
    let lab = Lab::open();
    let mut world = World::new(&lab, "nodes");
    let key = world.name.clone();
    let label = Label { lab: &lab, key: key.clone() };
    let nodes = |labels: &str| {
        format!(
            "apiVersion: skep/v1\nkind: Node\nmetadata: {{name: {key}}}\n\
             spec: {{match: {{hostname: {WORKER}}}, labels: {{{labels}}}}}\n"
        )
    };
    let stack = |more: &str| {
        let text = format!("services: {{web: {{image: IMAGE, deploy: {{replicas: 1{more}}}}}}}\n");
        text.replace("IMAGE", lab.image("1"))
    };
    let needs = format!(", placement: {{constraints: ['node.labels.{key} == ssd']}}");
    let file = world.file();
    world.commit(&[(&file, &stack(&needs)), ("nodes.yml", &nodes(&format!("{key}: ssd")))]);
    world.start();
    world.converged();
    assert_eq!(label.value(), "ssd");
    let ps = ["service", "ps", "--format", "{{.Node}}", &world.full("web")];
    assert_eq!(world.docker(&ps).trim(), WORKER);

    label.by_hand(WORKER, "hdd");
    assert!(within(PATIENCE, || label.value() == "ssd"), "it is {:?}", label.value());

    world.commit(&[(&file, &stack("")), ("nodes.yml", &nodes(""))]);
    world.converged();
    assert!(within(PATIENCE, || label.value().is_empty()), "it is {:?}", label.value());
}

#[test]
fn tasks_are_spread_over_a_node_that_comes_to_fit_and_rest_there() {
    let lab = Lab::open();
    let mut world = World::new(&lab, "spread");
    let label = Label { lab: &lab, key: world.name.clone() };
    label.by_hand(WORKER, "yes");
    let text = format!(
        "services:\n  web:\n    image: IMAGE\n    deploy:\n      replicas: 4\n      \
         placement: {{constraints: ['node.labels.{} == yes']}}\n      \
         update_config: {{parallelism: 2, monitor: 1s}}\n",
        world.name
    );
    world.commit(&[(&world.file(), &world.with_images(&text))]);
    world.start_with(Settings { rebalance: Some(1), ..world.settings() });
    world.converged();
    let full = world.full("web");
    let filter = ["--filter", "desired-state=running", "--format", "{{.Node}}", &full];
    let nodes = || {
        let told = world.docker(&[&["service", "ps"], &filter[..]].concat());
        let mut nodes: Vec<String> = told.lines().map(str::to_owned).collect();
        nodes.sort();
        nodes
    };
    assert_eq!(nodes(), [WORKER; 4]);
    let mark = world.proxy.mark();
    label.by_hand("three-3", "yes");
    world.write(mark, "update service web");
    let even = [WORKER, WORKER, "three-3", "three-3"];
    assert!(within(PATIENCE, || nodes() == even), "{:?}", nodes());
    world.converged();
    world.look_again("rests");
    assert_eq!(world.wrote(mark), ["update service web"]);
}
