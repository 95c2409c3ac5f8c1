//! What was seen of a mail server, when, and in which stage: plain data.
