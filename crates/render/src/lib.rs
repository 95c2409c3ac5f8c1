//! The report as HTML, plain text and Markdown.
//!
//! Nothing is decided here, and nothing fetched. What a server sent is shown as text: control, bidirectional and
//! invisible characters are made visible, and none of it becomes markup, a link or a terminal's escape sequence.

mod facts;
pub mod html;
pub mod markdown;
mod path;
mod remedy;
mod span;
mod stages;
pub mod text;
mod words;
