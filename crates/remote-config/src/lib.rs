//! Placeholder page.
pub mod document;
pub mod dump;
pub mod environment;
pub mod name;
pub mod obscure;
pub mod redact;
pub mod remote_string;
