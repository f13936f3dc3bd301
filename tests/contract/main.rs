//! The contract between the simulator and the real engine, played on the simulator. The target
//! `contract_engine` plays the same scripts on a real swarm.

mod change;
mod play;
mod script;
mod simulator;
mod stage;
mod table;

use simulator::Simulator;

macro_rules! on_the_simulator {
    ($($name:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $name() {
                for seed in 1..=3 {
                    let stage = Simulator::new(seed);
                    play::check(&stage, "contract", &table::$name()).await;
                }
            }
        )*
    };
}

for_each_script!(on_the_simulator);
