//! Tables in which a framework keeps its own books. Nobody who owns the schema can change them, so they are left out.

/// Names of such tables; `*` stands for any ending.
const BOOKS: [&str; 33] = [
    // Django and its scheduler
    "django_admin_log",
    "django_content_type",
    "django_migrations",
    "django_session",
    "django_site*",
    "django_flatpage*",
    "django_redirect",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
    "auth_user_groups",
    "auth_user_user_permissions",
    "django_celery_beat_*",
    "django_celery_results_*",
    // Rails
    "ar_internal_metadata",
    "schema_migrations",
    "active_storage_*",
    // migration tools
    "alembic_version",
    "flyway_schema_history",
    "_prisma_migrations",
    "goose_db_version",
    "gorp_migrations",
    "__diesel_schema_migrations",
    "_sqlx_migrations",
    "databasechangelog*",
    "knex_migrations*",
    "migrations",
    "migrations_lock",
    "migration",
    "schema_migration",
    "schema_version",
    "refinery_schema_history",
    // servers and extensions beside the database
    "hdb_*",
];

/// Whether a framework owns a table of that name.
pub fn owns(table: &str) -> bool {
    let table = table.to_ascii_lowercase();
    BOOKS.iter().any(|b| match b.strip_suffix('*') {
        Some(front) => table.starts_with(front),
        None => table == *b,
    }) || table.starts_with("pg_stat_")
        || table == "spatial_ref_sys"
}

#[cfg(test)]
mod tests {
    use super::owns;

    #[test]
    fn books_and_not_things() {
        assert!(owns("django_migrations") && owns("DATABASECHANGELOGLOCK") && owns("hdb_catalog"));
        assert!(!owns("auth_user") && !owns("migration_request") && !owns("django"));
    }
}
