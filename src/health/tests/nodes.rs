//! Nodes in the engine's words.

use super::node;
use crate::health::node_health;

#[test]
fn a_node_is_what_the_engine_and_a_person_say_of_it() {
    for (state, availability, message, expected) in [
        ("ready", "active", "", "n1 is ready"),
        ("ready", "pause", "", "n1 is paused"),
        ("ready", "drain", "", "n1 is drained"),
        ("down", "active", "heartbeat failure", "n1 is down (heartbeat failure)"),
        ("down", "drain", "", "n1 is down"),
        ("disconnected", "active", "", "n1 is disconnected"),
        (
            "unknown",
            "active",
            "Node moved to \"unknown\" state due to leadership change in cluster",
            "n1 is unknown (Node moved to \"unknown\" state due to leadership change in cluster)",
        ),
        ("", "active", "", "n1 is unknown"),
    ] {
        let mut node = node("n1");
        node.status.state = state.to_owned();
        node.status.message = message.to_owned();
        node.spec.availability = availability.to_owned();
        assert_eq!(node_health(&node).to_string(), expected);
    }
}

#[test]
fn a_node_without_a_host_name_is_called_by_its_id() {
    let mut node = node("n1");
    node.description.hostname.clear();
    assert_eq!(node_health(&node).name, "n1");
}
