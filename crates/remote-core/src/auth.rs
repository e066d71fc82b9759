//! Module page.
