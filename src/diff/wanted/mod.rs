//! The spec of a service as it would be sent: image pinned, without what the engine does not know,
//! in the shape of what is there.

mod canary;
mod image;
mod left;
mod named;
mod shape;
mod support;

pub use canary::{CANARY_LABEL, CanaryStage, canary_form, declared_form, rest_form};
pub use image::ImageCase;
pub use left::with_live;
pub use named::named;
pub use shape::in_shape_of;
pub use support::strip;
