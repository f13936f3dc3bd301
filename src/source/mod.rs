//! Reads revisions of git repositories and directories.
