//! One pass, and the loop that runs passes.
