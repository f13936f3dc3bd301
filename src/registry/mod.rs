//! Asks registries what a tag stands for.
