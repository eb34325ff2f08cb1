//! Where a catalog comes from.
pub mod ddl;
