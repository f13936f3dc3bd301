//! Plan, outcomes and health → what is told to people.
