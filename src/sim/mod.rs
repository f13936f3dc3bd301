//! A swarm, a registry and a source in memory, with virtual time and faults on demand.
