//! Prisma Migrate: `prisma/migrations/20260101120000_name/migration.sql`.

use super::{Format, as_commands, back_from, command, comment, leading_digits, sorts_last, way_back};
use crate::engine::Product;
use crate::migration::{File, Numbering};

/// The format. `migrate deploy` sends a file as one command, and keeps no way back; a `down.sql` beside it is what its guide
/// on down migrations makes: <https://www.prisma.io/docs/orm/prisma-migrate/workflows/generating-down-migrations>
pub static FORMAT: Format = Format {
    name: "prisma",
    about: "Prisma Migrate: NNNN_name/migration.sql with down.sql, for prisma/migrations",
    render: |request| {
        let product = request.plan.engine.product;
        let folders: Vec<String> = request
            .folder
            .files
            .iter()
            .filter_map(|(path, _)| {
                let is_migration =
                    path.file_name().is_some_and(|n| n == "migration.sql") && path.components().count() == 2;
                is_migration.then(|| path.parent()?.to_str().map(str::to_owned)).flatten()
            })
            .collect();
        let versions = folders.iter().filter_map(|f| Some((leading_digits(f)?, f.as_str())));
        let mut numbering = Numbering::after(versions)?;
        let mut files = Vec::new();
        for change in request.changes().flat_map(|(_, change)| as_commands(product, change)) {
            let folder = format!("{}_{}", numbering.next_version(), change.name);
            let up = command(product, std::slice::from_ref(&change.up.sql), "--");
            files.push(File::new(format!("{folder}/migration.sql"), format!("{}\n{up}", comment(&change, "--"))));
            let down = command(product, &way_back(&change), "--");
            files.push(File::new(format!("{folder}/down.sql"), back_from(&change, "--") + &down));
        }
        sorts_last(folders.iter().map(String::as_str), &files)?;
        // what Prisma keeps beside its migrations, and checks against the schema's own provider
        if !files.is_empty() && !request.folder.names().any(|n| n == "migration_lock.toml") {
            let provider = if product == Product::CockroachDb { "cockroachdb" } else { "postgresql" };
            files.push(File::new("migration_lock.toml", format!("provider = \"{provider}\"\n")));
        }
        Ok(files)
    },
};
