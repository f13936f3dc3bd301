//! Keys: what opens the data key of a file, and what it is sealed to.

mod envelope;
mod identity;
mod shamir;

pub(super) use envelope::{unwrap, wrap};
pub use identity::{Identities, IdentityError, Recipient, RecipientError, generate};
pub(super) use shamir::{combine, split};
