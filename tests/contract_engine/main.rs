//! The contract between the simulator and the real engine, played on a real swarm of three nodes.
//! `tests/run` runs it; plain `cargo test` leaves it out, because it needs the laboratory.

mod laboratory;

#[path = "../contract/change.rs"]
mod change;
#[path = "../swarm/lab.rs"]
mod lab;
#[path = "../contract/play.rs"]
mod play;
#[path = "../contract/script.rs"]
mod script;
#[path = "../contract/stage.rs"]
mod stage;
#[path = "../contract/table/mod.rs"]
mod table;

use lab::Lab;
use laboratory::Laboratory;
use script::Script;

async fn check(script: Script) {
    // Nodes belong to all tests.
    let lab = if script.changes_nodes() { Lab::alone() } else { Lab::open() };
    let claim = lab.claim("three", "contract");
    let stage = Laboratory::new(&lab);
    play::check(&stage, &claim.prefix, &script).await;
}

macro_rules! on_a_real_swarm {
    ($($name:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $name() {
                check(table::$name()).await;
            }
        )*
    };
}

for_each_script!(on_a_real_swarm);
