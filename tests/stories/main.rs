//! The whole of skep on the simulated swarm: short scripts, each a story of what happened to a
//! user. They run in virtual time, from a seed, and say what was written and what was held.

#![allow(clippy::expect_used, reason = "a test may end by panicking")]

mod adopt;
mod agreed;
mod atomic;
mod by_hand;
mod canary;
mod converging;
mod declared;
mod failing;
mod faults;
mod following;
mod git_down;
mod guards;
mod hooks;
mod ignore;
mod jobs;
mod last_words;
mod moving;
mod nodes;
mod order;
mod pinned;
mod play;
mod policy;
mod ports;
mod rebalancing;
mod recreate;
mod removals;
mod rollouts;
mod running;
mod several;
mod stable;
mod upgrade;
mod waiting;
mod waves;
