//! Files of a revision → what they ask for, and every problem in them.
