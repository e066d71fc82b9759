//! Koofr from end to end: the contract, its budgets, and everything that can go wrong, on the emulator and on servers that are none.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

mod budgets;
mod conformance;
mod contests;
mod dropped;
mod faults_list;
mod faults_read;
mod faults_sign_in;
mod faults_steps;
mod faults_write;
mod first_contact;
mod half_answers;
mod hostile_listings;
mod hostile_servers;
mod lost_answers;
mod model;
mod setup;
mod tls;
mod truth;
