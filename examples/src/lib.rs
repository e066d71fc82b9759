//! What the programs share, and the programs themselves, so that tests can run them in their own process.

pub mod backup;
pub mod bar;
pub mod compare;
pub mod console;
pub mod copying;
pub mod failure;
pub mod program;
pub mod remote;
pub mod restore;
pub mod setup;
pub mod storage;
pub mod table;
