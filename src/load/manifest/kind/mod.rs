//! One file per kind: what is its own.

pub(super) mod config;
pub(super) mod guard;
pub(super) mod image;
pub(super) mod job;
pub(super) mod network;
pub(super) mod node;
pub(super) mod secret;
pub(super) mod service;
pub(super) mod source;
pub(super) mod stack;
