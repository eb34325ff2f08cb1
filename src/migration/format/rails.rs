//! Rails: `db/migrate/20260101120000_name.rb`, a class with `up` and `down` for each change.

use std::path::PathBuf;

use super::{Format, calls, comment, leading_digits, numbered};
use crate::engine::Product;
use crate::migration::{Change, File, Request};

/// The format. Statements run outside of Rails' transaction where `disable_ddl_transaction!` says so:
/// <https://api.rubyonrails.org/classes/ActiveRecord/Migration.html#class-ActiveRecord::Migration-label-Transactional+Migrations>
pub static FORMAT: Format = Format {
    name: "rails",
    about: "Rails: NNNN_name.rb, for db/migrate",
    render: |request: &Request<'_>| {
        let version = release(&request.folder.files);
        let product = request.plan.engine.product;
        numbered(
            request,
            |name| leading_digits(name.strip_suffix(".rb")?),
            |change, number| {
                vec![File::new(format!("{number}_{}.rb", change.name), migration(product, change, &version))]
            },
        )
    },
};

/// The release that the folder's newest migration is written for.
fn release(files: &[(PathBuf, String)]) -> String {
    let of = |text: &str| {
        let (_, after) = text.split_once("ActiveRecord::Migration[")?;
        let (release, _) = after.split_once(']')?;
        release.bytes().all(|b| b.is_ascii_digit() || b == b'.').then(|| release.to_owned())
    };
    let newest = files.iter().rev().find_map(|(_, text)| of(text));
    // the oldest release that is still maintained
    newest.unwrap_or_else(|| "7.1".to_owned())
}

fn migration(product: Product, change: &Change, release: &str) -> String {
    let alone = product != Product::PostgreSql || !change.is_transactional();
    let execute = |all: &[String]| all.iter().map(|sql| format!("    execute {}\n", literal(sql))).collect::<String>();
    let body = |way: &[String]| {
        let (calls, resets) = calls(product, change, way, alone);
        let ensure = if resets.is_empty() { "" } else { "  ensure\n" };
        format!("{}{ensure}{}", execute(&calls), execute(&resets))
    };
    let class: String = change.name.split('_').map(capitalized).collect();
    let outside = if alone { "  disable_ddl_transaction!\n\n" } else { "" };
    // Ruby obeys a comment in the first line that names an encoding: it is no place for what a table is called
    format!(
        "# frozen_string_literal: true\n\n{}\nclass {class} < ActiveRecord::Migration[{release}]\n{outside}  def up\n{}  end\n\n  def down\n{}  end\nend\n",
        comment(change, "#"),
        body(std::slice::from_ref(&change.up.sql)),
        body(change.down()),
    )
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// A Ruby string in which nothing is interpolated.
fn literal(text: &str) -> String {
    // Ruby reads "\r\n" in a string as "\n"
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\r', "' \"\\r\" '"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_interpolated() {
        assert_eq!(literal(r#"a 'b' \ #{c} "d""#), r#"'a \'b\' \\ #{c} "d"'"#);
        assert_eq!(literal("a\r\nb"), "'a' \"\\r\" '\nb'");
    }

    #[test]
    fn the_release_is_that_of_the_newest() {
        let file = |n: &str, r: &str| (n.into(), format!("class A < ActiveRecord::Migration[{r}]\nend\n"));
        assert_eq!(
            (release(&[file("1_a.rb", "6.0"), file("2_b.rb", "8.0")]), release(&[])),
            ("8.0".into(), "7.1".into())
        );
    }
}
