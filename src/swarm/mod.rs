//! The engine: looks, writes, events.
