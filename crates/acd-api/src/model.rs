//! What the service sends, field by field. Unknown fields are skipped, unknown words are kept, and values that are missing are absent.

pub mod account;
pub mod changes;
pub mod node;
pub mod property;
