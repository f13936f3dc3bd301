//! What the fuzz targets do with their input, also run on `seeds/` by an ordinary test.

pub mod address;
pub mod compose;
pub mod engine;
pub mod files;
pub mod git;
pub mod http;
pub mod image;
pub mod interpolate;
pub mod ledger;
pub mod logins;
pub mod sops;
pub mod text;
pub mod yaml;
