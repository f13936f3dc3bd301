//! What is remembered of a stack, as labels of a swarm config and back.
