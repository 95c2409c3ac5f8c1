//! The report as HTML, plain text and Markdown.
