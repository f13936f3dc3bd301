//! Bounds on what is read from a source (law 11). Beyond them an entry is named and not read, or
//! the whole source is refused with the reason; nothing grows without limit.

/// Largest file that is read, in bytes. A secret or a config of the engine holds 500 kB or 1000 kB
/// (swarmkit `manager/controlapi/secret.go`, `config.go`), a declaration far less.
pub const MAX_FILE: u64 = 1024 * 1024;

/// Most files, links and other entries below a source's path.
pub const MAX_ENTRIES: usize = 100_000;

/// Most files and other entries of a whole repository of which only a path is the source. In a
/// larger one nothing is read around the path.
pub const MAX_AROUND: usize = 10_000;

/// Most bytes in all files below a source's path together.
pub const MAX_TOTAL: u64 = 64 * 1024 * 1024;

/// Longest path inside a source, in bytes; the same as `RepoPath` takes.
pub const MAX_PATH: usize = 4096;

/// Deepest nesting of directories that is followed.
pub const MAX_DEPTH: usize = 128;

/// Longest address, branch or tag, in bytes.
pub const MAX_ADDRESS: usize = 2048;

/// Largest credential file, in bytes.
pub const MAX_CREDENTIAL: u64 = 64 * 1024;

/// Most bytes that `git` may print when it lists refs or entries.
pub const MAX_LISTING: u64 = 64 * 1024 * 1024;

/// Most bytes of memory for `git` and each program that it starts while it asks for refs. A server
/// could go on listing them.
pub const MAX_MEMORY_ASK: u64 = 256 * 1024 * 1024;

/// Most bytes of memory for `git` and each program that it starts in other calls.
pub const MAX_MEMORY: u64 = 1024 * 1024 * 1024;

/// Most bytes of error text that are kept from one `git` call.
pub const MAX_COMPLAINT: u64 = 64 * 1024;
