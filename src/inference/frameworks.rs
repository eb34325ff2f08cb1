//! Tables in which a framework keeps its own books. Nobody who owns the schema can change them, so they are left out.
//!
//! Tables of a framework that hold users, groups or tags are tables like others: where their keys are there, nothing is
//! said about them, and where they are gone, that is worth knowing.

/// Schemas that belong to a server or framework as a whole: Hasura, Supabase, pg_cron, TimescaleDB, PostGIS.
const SCHEMAS: [&str; 8] = [
    "hdb_catalog",
    "hdb_views",
    "graphile_migrate",
    "graphile_worker",
    "cron",
    "_timescaledb_catalog",
    "tiger",
    "topology",
];

/// Names of such tables; `*` stands for any ending.
const BOOKS: [&str; 35] = [
    // Django
    "django_admin_log",
    "django_content_type",
    "django_migrations",
    "django_session",
    // Rails
    "ar_internal_metadata",
    "schema_migrations",
    // South, Entity Framework, Sequelize, Doctrine, MikroORM, Drizzle, Play, Atlas, Phinx, node-pg-migrate, TypeORM, Bun
    "south_migrationhistory",
    "__efmigrationshistory",
    "sequelizemeta",
    "doctrine_migration_versions",
    "mikro_orm_migrations",
    "__drizzle_migrations",
    "play_evolutions",
    "atlas_schema_revisions",
    "phinxlog",
    "pgmigrations",
    "typeorm_metadata",
    "bun_migrations",
    "bun_migration_locks",
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

/// Whether a framework owns a table of that schema and name.
pub fn owns(schema: &str, table: &str) -> bool {
    if SCHEMAS.contains(&schema) {
        return true;
    }
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
        let owns = |table| owns("public", table);
        assert!(owns("django_migrations") && owns("DATABASECHANGELOGLOCK") && super::owns("hdb_catalog", "event_log"));
        assert!(!owns("auth_user") && !owns("auth_group_permissions") && !owns("migration_request") && !owns("django"));
    }
}
