//! Bounds on what comes from outside (law 11). A repository beyond one of them gets a precise
//! problem and loses only the file that is beyond it.

/// Largest YAML, `.env` or env file that is read, in bytes. A compose file of 10,000 lines has a
/// third of it.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;

/// Deepest nesting of lists and mappings. Compose files reach nine.
pub const MAX_DEPTH: usize = 100;

/// Most nodes (scalars, lists, mappings) of one file, aliases counted each time they are used. Ten
/// aliases of ten aliases of … pass it at the fifth level.
pub const MAX_FILE_NODES: usize = 100_000;

/// Most nodes of all declarations of one load. 10,000 services have about a third of it.
pub const MAX_LOAD_NODES: usize = 2_000_000;

/// Most documents of one file.
pub const MAX_DOCUMENTS: usize = 1_000;

/// Most declaration files of one load.
pub const MAX_DECLARATION_FILES: usize = 20_000;

/// Longest chain of files that include each other, or of services that extend each other.
pub const MAX_CHAIN: usize = 32;

/// Most files that one stack is put together from, each counted as often as it is included.
pub const MAX_PARTS: usize = 1_000;

/// Most values that one stack may take over from other files, and through `extends`.
pub const MAX_STACK_COPIES: usize = 500_000;

/// Most values that all stacks of one load may take over like this.
pub const MAX_LOAD_COPIES: usize = 20_000_000;

/// Most problems that are told of one file; the rest is counted.
pub const MAX_FILE_PROBLEMS: usize = 100;

/// Most characters of a source line that a problem shows.
pub const MAX_SHOWN_LINE: usize = 200;

/// Most characters that one value may have after variables were filled in.
pub const MAX_EXPANDED_VALUE: usize = 1024 * 1024;

/// Most ports that one entry such as `8000-9000:8000-9000` may stand for.
pub const MAX_PORT_RANGE: u32 = 1_000;

/// Largest secret that the engine takes, in bytes (`manager/controlapi/secret.go` in swarmkit
/// refuses 500 KiB).
pub const MAX_SECRET_BYTES: usize = 500 * 1024 - 1;

/// Largest config that the engine takes, in bytes (`manager/controlapi/config.go` in swarmkit
/// refuses 1000 KiB).
pub const MAX_CONFIG_BYTES: usize = 1000 * 1024 - 1;

/// Most files of a directory that becomes configs because it is mounted from the repository.
pub const MAX_BOUND_FILES: usize = 16;

/// Most bytes that the files of such a directory have together.
pub const MAX_BOUND_BYTES: usize = 1024 * 1024;
