//! No secret shows anywhere.
//!
//! Secrets that can be recognised (passwords, plain and obscured, tokens, authorization headers, client secrets, link passwords, codes, the password of a configuration
//! file, user names and passwords in addresses) go through successes and failures while everything that is logged at the finest level is collected, by our
//! crates and by those below them, and everything that panics. Then logs, panics, errors with their causes and reports, and the `Debug` output of what
//! holds a secret are searched for them. Cases:
//!
//! * Basic, a token for a password, OAuth with refresh; the right credentials and wrong ones; uploads, downloads, listings (`koofr`);
//! * a public link with a password; the address of a link; direct addresses for browsers (`koofr`);
//! * a service that repeats the credentials in its answers: in an error, a page, a redirect, a header (`koofr`);
//! * configuration files, whole, broken and encrypted; connection strings, environment variables and overrides; setting up (`configuration`);
//! * Jottacloud: login tokens, passwords with one-time codes, the browser; a remote of a file through renewals and refusals (`jotta`);
//! * tokens in files, renewed, refused, lost and not saved; signing in by browser (`tokens`).
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

mod configuration;
mod jotta;
mod koofr;
mod tokens;
mod watch;
