//! Rails: `db/migrate/20260101120000_name.rb`, a class with `up` and `down` for each change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::python::strings;
use super::{Format, calls, comment, leading_digits, numbered};
use crate::engine::Product;
use crate::migration::{Change, File, Folder, Request};

/// The format. Statements run outside of Rails' transaction where `disable_ddl_transaction!` says so:
/// <https://api.rubyonrails.org/classes/ActiveRecord/Migration.html#class-ActiveRecord::Migration-label-Transactional+Migrations>
pub static FORMAT: Format = Format {
    name: "rails",
    about: "Rails: NNNN_name.rb, for db/migrate",
    render: |request: &Request<'_>| {
        let version = release(&request.folder.files);
        let acronyms = acronyms(request.folder);
        let product = request.plan.engine.product;
        numbered(
            request,
            |name| leading_digits(name.strip_suffix(".rb")?),
            |change, number| {
                let class: String = change.name.split('_').map(|word| camel(&acronyms, word)).collect();
                let text = migration(product, change, &class, &version);
                vec![File::new(format!("{number}_{}.rb", change.name), text)]
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

/// The words that ActiveSupport's `camelize`, by which Rails finds a file's class, writes as the application says: `api`
/// as `API`. It says so in an initializer; if in another place, the classes of the folder show it.
fn acronyms(folder: &Folder) -> BTreeMap<String, String> {
    let root = std::path::absolute(&folder.root).unwrap_or_default();
    let read = |a: &Path| std::fs::read_to_string(a.join("config/initializers/inflections.rb")).ok();
    let inflections = root.ancestors().find_map(read).unwrap_or_default();
    let said = inflections.lines().filter(|l| !l.trim_start().starts_with('#'));
    let said = said.filter_map(|l| l.split_once(".acronym")).flat_map(|(_, after)| strings(after, 0));
    let mut out: BTreeMap<String, String> = said.map(|word| (word.to_lowercase(), word)).collect();
    for (path, text) in &folder.files {
        let name = path.file_stem().and_then(|n| n.to_str()).and_then(|n| n.split_once('_')).map_or("", |(_, n)| n);
        let class = text.split_once("class ").and_then(|(_, t)| t.split_once(" < ActiveRecord::Migration"));
        let mut rest = class.map_or("", |(class, _)| class);
        if rest.eq_ignore_ascii_case(&name.replace('_', "")) {
            for word in name.split('_') {
                let (written, after) = rest.split_at_checked(word.len()).unwrap_or_default();
                if written != camel(&out, word) {
                    out.insert(word.to_owned(), written.to_owned());
                }
                rest = after;
            }
        }
    }
    out
}

fn migration(product: Product, change: &Change, class: &str, release: &str) -> String {
    let alone = product != Product::PostgreSql || !change.is_transactional();
    let execute = |all: &[String]| all.iter().map(|sql| format!("    execute {}\n", literal(sql))).collect::<String>();
    let body = |way: &[String]| {
        let (calls, resets) = calls(product, change, way, alone);
        let ensure = if resets.is_empty() { "" } else { "  ensure\n" };
        format!("{}{ensure}{}", execute(&calls), execute(&resets))
    };
    let outside = if alone { "  disable_ddl_transaction!\n\n" } else { "" };
    // Ruby obeys a comment in the first line that names an encoding: it is no place for what a table is called
    format!(
        "# frozen_string_literal: true\n\n{}\nclass {class} < ActiveRecord::Migration[{release}]\n{outside}  def up\n{}  \
         end\n\n  def down\n{}  end\nend\n",
        comment(change, "#"),
        body(std::slice::from_ref(&change.up.sql)),
        body(change.down()),
    )
}

fn camel(acronyms: &BTreeMap<String, String>, word: &str) -> String {
    let mut letters = word.chars();
    let capitalized = || letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect();
    acronyms.get(word).cloned().unwrap_or_else(capitalized)
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
    fn acronyms_are_those_of_the_application() {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(root.path().join("config/initializers")).expect("a folder");
        let said = "ActiveSupport::Inflector.inflections(:en) do |inflect|\n  # inflect.acronym 'NO'\n  \
                    inflect.acronym(\"ID\") # for user_id\nend\n";
        std::fs::write(root.path().join("config/initializers/inflections.rb"), said).expect("a file");
        let class = "class AddAPIKeyToRESTfulUserID < ActiveRecord::Migration[7.1]\nend\n";
        let mut folder = Folder::default();
        folder.root = root.path().join("db/migrate");
        folder.files.push(("1_add_api_key_to_restful_user_id.rb".into(), class.to_owned()));
        let found: Vec<String> = acronyms(&folder).into_values().collect();
        assert_eq!(found, ["API", "ID", "RESTful"]);
        assert_eq!(camel(&acronyms(&folder), "api") + &camel(&BTreeMap::new(), "key2"), "APIKey2");
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
