//! Desired × observed → changes, field by field.
