//! The serialisable pictures: the one JSON contract of command line and API.
