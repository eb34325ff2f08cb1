//! What belongs to the user, and what to the system.

/// Schemas of the system, of both engines. `pg_…` is reserved on PostgreSQL; CockroachDB has `pg_extension` there.
pub fn is_system_schema(name: &str) -> bool {
    name.starts_with("pg_") || matches!(name, "information_schema" | "crdb_internal")
}

/// The database that CockroachDB keeps its own tables in.
pub const COCKROACH_SYSTEM_DATABASE: &str = "system";
