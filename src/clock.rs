//! The system clock behind [`crate::ports::Clock`].
