//! The scheduled audit: what it does beside auditing.

pub mod notification;
