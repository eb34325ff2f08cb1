//! The long-running job: when to audit what, what came of it, and who is told.

pub mod metrics;
pub mod notification;
pub mod schedule;
pub mod server;
pub mod status;
pub mod timetable;
