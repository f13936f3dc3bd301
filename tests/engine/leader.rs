//! A swarm that loses its leader.

use std::time::Duration;

use skep::ports::{Swarm, SwarmError};

use crate::lab::{Lab, within};
use crate::{connect, create, service};

/// Makes the swarm whole again when the test ends, also when it failed.
struct Restored<'a>(&'a Lab);

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        self.0.mend();
    }
}

#[tokio::test]
async fn a_swarm_without_a_leader_is_unavailable_for_looks_and_writes_and_comes_back() {
    let lab = Lab::alone();
    let claim = lab.claim("three", "leader");
    let (swarm, name) = (connect(claim.node), claim.prefix.as_str());
    lab.change(&["managers", "three", "3"]);
    let restored = Restored(&lab);
    swarm.look().await.unwrap();
    for node in ["three-2", "three-3"] {
        lab.change(&["engine", node, "kill"]);
    }
    // The one that is left leads on until it has heard nothing of the others for some seconds.
    let deposed = || lab.try_docker(claim.node, &["node", "ls"]).is_err();
    assert!(within(Duration::from_secs(60), deposed));
    let look = swarm.look().await.map(|seen| seen.services.len());
    let write = create(&swarm, service(&lab, name, 0)).await;
    drop(restored);
    assert!(matches!(look, Err(SwarmError::Unavailable { .. })), "{look:?}");
    assert!(matches!(write, Err(SwarmError::Unavailable { .. })), "{write:?}");
    let seen = swarm.look().await.unwrap();
    assert_eq!(seen.nodes.len(), 3);
}
