//! Documents: JSON for programs, Markdown for comments on a merge request, HTML for a page. None
//! of them holds a value that may be secret.

mod html;
mod json;
mod markdown;

pub use html::{html, html_problems};
pub use json::json;
pub use markdown::{markdown, markdown_problems};
