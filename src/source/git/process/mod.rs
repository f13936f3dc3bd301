//! The `git` program as a process: how it is started, what it is given, what its end means.

mod access;
mod command;
mod failure;

pub(super) use access::{Access, Address};
pub(super) use command::{Call, CallError, Git};
pub(super) use failure::{Fault, of_remote};
