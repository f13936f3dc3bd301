//! Carries out a plan's steps.
