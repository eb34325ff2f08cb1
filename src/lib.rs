//! dbaudit finds the guards that a database schema is missing (UNIQUE keys, CHECK constraints, NOT NULLs, validations),
//! says why with evidence, and writes the SQL that adds them.
//!
//! Data goes one way: a [`source`] reads a [`catalog`], the [`rules`] look at it and make findings, a report shows them.

pub mod catalog;
pub mod cli;
pub mod engine;
pub mod evidence;
mod files;
pub mod guard;
pub mod inference;
pub mod interrupt;
pub mod migration;
pub mod report;
pub mod rules;
pub mod source;
pub mod sql;
pub mod workload;
