//! Bounds on sealed files (law 11).

/// Largest file that is opened or sealed, in bytes.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;

/// Most values and comments of one file.
pub const MAX_ITEMS: usize = 50_000;

/// Deepest nesting of lists and mappings.
pub const MAX_DEPTH: usize = 100;

/// Most bytes of the keys that lead to one value: they are part of what is authenticated.
pub const MAX_PATH: usize = 1024;

/// Most recipients of one file, in all its groups.
pub const MAX_RECIPIENTS: usize = 200;

/// Most identities that are tried.
pub const MAX_IDENTITIES: usize = 100;

/// Most bytes of a data key as it is sealed to one recipient; SOPS writes some hundred. Each hundred
/// bytes more would be one more thing to try for each identity.
pub const MAX_ENVELOPE: usize = 4 * 1024;
