//! HTTP: health, metrics, nudges.
