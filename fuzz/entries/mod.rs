//! What the fuzz targets do with their input, also run on `seeds/` by an ordinary test.

pub mod compose;
pub mod git;
pub mod image;
pub mod interpolate;
pub mod text;
pub mod yaml;
