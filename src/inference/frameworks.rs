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

/// Tables of packages that hold things like other tables, but whose definition is the package's; `*` stands for any
/// ending. Their authors have given them the keys that they want, so where one has a key, no other is missing.
const THINGS: [&str; 36] = [
    // Django itself
    "auth_user",
    "auth_user_*",
    "auth_group",
    "auth_group_*",
    "auth_permission",
    "django_flatpage*",
    "django_redirect",
    "django_site",
    // packages for it
    "account_emailaddress",
    "account_emailconfirmation",
    "authtoken_token",
    "axes_*",
    "background_task*",
    "constance_*",
    "django_celery_beat_*",
    "django_celery_results_*",
    "django_q_*",
    "easy_thumbnails_*",
    "guardian_*",
    "mfa_*",
    "oauth2_provider_*",
    "otp_*",
    "reversion_*",
    "silk_*",
    "social_auth_*",
    "socialaccount_*",
    "taggit_*",
    "thumbnail_kvstore",
    "token_blacklist_*",
    "waffle_*",
    // Rails and packages for it
    "action_text_*",
    "active_storage_*",
    "friendly_id_slugs",
    "good_job*",
    "oauth_access_*",
    "solid_*",
];

/// Whether a table of that name comes with a package.
pub fn provides(table: &str) -> bool {
    is_in(&THINGS, table)
}

fn is_in(list: &[&str], table: &str) -> bool {
    let table = table.to_ascii_lowercase();
    list.iter().any(|b| match b.strip_suffix('*') {
        Some(front) => table.starts_with(front),
        None => table == *b,
    })
}

/// Whether a framework owns a table of that schema and name.
pub fn owns(schema: &str, table: &str) -> bool {
    if SCHEMAS.contains(&schema) {
        return true;
    }
    let low = table.to_ascii_lowercase();
    is_in(&BOOKS, table) || low.starts_with("pg_stat_") || low == "spatial_ref_sys"
}

#[cfg(test)]
mod tests {
    use super::owns;

    #[test]
    fn books_and_not_things() {
        let owns = |table| owns("public", table);
        assert!(owns("django_migrations") && owns("DATABASECHANGELOGLOCK") && super::owns("hdb_catalog", "event_log"));
        assert!(super::provides("auth_group_permissions") && !super::provides("auth_log"));
        assert!(!owns("auth_user") && !owns("auth_group_permissions") && !owns("migration_request") && !owns("django"));
    }
}
