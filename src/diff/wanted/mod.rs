//! The spec of a service as it would be sent: image pinned, without what the engine does not know,
//! in the shape of what is there.

mod image;
mod named;
mod shape;
mod support;

pub use image::ImageCase;
pub use named::named;
pub use shape::in_shape_of;
pub use support::strip;
