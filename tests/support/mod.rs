//! What the tests share.
#![allow(dead_code)]

pub mod binary;
pub mod browser;
pub mod certificates;
pub mod cockroach;
pub mod faults;
pub mod migrations;
pub mod peer;
pub mod postgres;
pub mod receiver;
pub mod replay;
pub mod smtp;
pub mod stores;
pub mod tools;
