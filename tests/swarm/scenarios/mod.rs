//! What happens to swarms and operators, and what must hold then: the part of the matrix that no
//! other file here has.

mod losses;
mod operators;
mod rollouts;
