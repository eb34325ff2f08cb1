//! Django: a migration for each finding. What runs is SQL that is safe on a busy database; where the table is a model's,
//! Django's state gets the constraint as well.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::python::{assigned, comment, docstring, each, limits, literal, patient, strings};
use super::{Format, leading_digits};
use crate::catalog::{Comparison, Expr, Expression, Table};
use crate::engine::{Product, is_transactional};
use crate::guard::Guard;
use crate::migration::{File, Folder, Numbering, Pending, Request};

/// The format.
pub static FORMAT: Format = Format {
    name: "django",
    about: "Django: a migration for each finding, for APP/migrations or, in a project, for the app that has the table",
    render,
};

fn render(request: &Request<'_>) -> Result<Vec<File>> {
    let mut apps = apps(request.folder)?;
    let product = request.plan.engine.product;
    request.pending.iter().try_fold(Vec::new(), |mut files, pending| {
        let app = app_of(&mut apps, &pending.migration.table)?;
        if app.is_new {
            // without it the folder is no package, and Django does not look into it
            files.push(File::new(app.path.join("__init__.py"), String::new()));
            app.is_new = false;
        }
        files.push(app.add(product, pending)?);
        Ok(files)
    })
}

/// Tables of Django's own apps, by the beginnings of their names.
const CONTRIB: [(&str, &str); 6] = [
    ("auth_", "auth"),
    ("django_admin_log", "admin"),
    ("django_content_type", "contenttypes"),
    ("django_flatpage", "flatpages"),
    ("django_redirect", "redirects"),
    ("django_site", "sites"),
];

/// An app of a Django project, as its migrations tell.
struct App {
    label: String,
    /// Its folder of migrations, from the root.
    folder: PathBuf,
    /// Its folder of migrations, within the folder that is asked for.
    path: PathBuf,
    is_new: bool,
    numbering: Numbering,
    /// The migrations on which no other depends.
    leaves: Vec<String>,
    models: Vec<Model>,
}

/// A model as migrations made it.
struct Model {
    /// In lower case.
    name: String,
    table: String,
    /// All that the migrations say of it.
    text: String,
}

/// The apps of the folder: it is the migrations of one, or has those of some beneath it.
fn apps(folder: &Folder) -> Result<Vec<App>> {
    let root = folder.root.canonicalize().or_else(|_| std::path::absolute(&folder.root)).unwrap_or_default();
    let beneath = folder.files.iter().filter(|(p, _)| p.ends_with("migrations/__init__.py"));
    let paths: BTreeSet<&Path> = beneath.filter_map(|(p, _)| p.parent()).chain([Path::new("")]).collect();
    let installed = |p: &Path| p.components().any(|c| c.as_os_str() == "site-packages");
    let mut out = Vec::new();
    for path in paths.into_iter().filter(|p| !installed(p)) {
        let whole = root.join(path);
        let label = whole.parent().and_then(Path::file_name).and_then(|n| n.to_str());
        if let Some(label) = label.filter(|_| whole.ends_with("migrations")) {
            out.push(App::read(folder, path, whole.clone(), label)?);
        }
    }
    Ok(out)
}

/// The app that has the table; the only one if there is one alone, and the first if none has it.
fn app_of<'a>(apps: &'a mut [App], table: &Table) -> Result<&'a mut App> {
    match apps {
        [] => {
            bail!("-o takes the migrations of a Django app, APP/migrations, or a project whose apps have such folders")
        }
        [app] => Ok(app),
        apps => {
            let places = apps.iter().enumerate().filter(|(_, a)| a.owns(table));
            // the longest label: shop_admin_user is of shop_admin, and not of shop
            let place = places.max_by_key(|(_, a)| a.label.len()).map_or(0, |(place, _)| place);
            Ok(&mut apps[place])
        }
    }
}

impl App {
    fn read(folder: &Folder, path: &Path, whole: PathBuf, label: &str) -> Result<App> {
        let within = folder.files.iter().filter(|(p, _)| p.parent() == Some(path));
        // what Django takes for a migration
        let named = within.filter_map(|(p, text)| Some((p.file_name()?.to_str()?.strip_suffix(".py")?, text.as_str())));
        let migrations: Vec<(&str, &str)> = named.filter(|(name, _)| !name.starts_with(['_', '~'])).collect();
        Ok(App {
            label: label.to_owned(),
            folder: whole,
            path: path.to_owned(),
            is_new: !folder.files.iter().any(|(p, _)| *p == path.join("__init__.py")),
            // two may have one number: names are what counts
            numbering: Numbering::after(migrations.iter().filter_map(|(name, _)| Some((leading_digits(name)?, ""))))?,
            leaves: leaves(label, &migrations),
            models: models(label, &migrations),
        })
    }

    fn model(&self, table: &Table) -> Option<&Model> {
        self.models.iter().find(|m| m.table == table.name)
    }

    fn owns(&self, table: &Table) -> bool {
        self.model(table).is_some() || table.name.starts_with(&format!("{}_", self.label))
    }

    /// The app whose migrations make a table that is not of this one, where it can be told, and the migration to come after:
    /// Django's own apps, and those whose folders stand beside this one's.
    fn maker(&self, table: &Table) -> Result<Option<(String, String)>> {
        const FIRST: &str = "__first__";
        if let Some((_, app)) = CONTRIB.iter().find(|(prefix, _)| table.name.starts_with(prefix)) {
            return Ok(Some(((*app).to_owned(), FIRST.to_owned())));
        }
        let Some(beside) = self.folder.parent().and_then(Path::parent) else { return Ok(None) };
        let migrations = |label: &str| beside.join(label).join("migrations");
        let labels = table.name.match_indices('_').filter_map(|(at, _)| table.name.get(..at));
        let label = labels.filter(|l| migrations(l).join("__init__.py").exists()).max_by_key(|l| l.len());
        let Some(label) = label else { return Ok(None) };
        let path = migrations(label);
        let other = App::read(&Folder::read(&path)?, Path::new(""), path, label)?;
        let last = match other.leaves.as_slice() {
            [last] => last.clone(),
            _ => FIRST.to_owned(),
        };
        Ok(Some((label.to_owned(), last)))
    }

    /// The migration that makes the changes, after all that the app has.
    fn add(&mut self, product: Product, pending: &Pending<'_>) -> Result<File> {
        let on = |app: &str, migration: &str| format!("({}, {})", literal(app), literal(migration));
        let mut dependencies: Vec<String> = match self.leaves.as_slice() {
            [] => Vec::new(),
            [last] => vec![on(&self.label, last)],
            several => bail!(
                "the app {} has several last migrations: {}; run manage.py makemigrations --merge first",
                self.label,
                several.join(", ")
            ),
        };
        let foreign = !self.owns(&pending.migration.table);
        if foreign {
            dependencies.extend(self.maker(&pending.migration.table)?.map(|(app, last)| on(&app, &last)));
        }
        let note = if foreign {
            let table = crate::migration::plan::one_line(&pending.migration.table.label());
            format!(
                "# The app {} has no model of {table}: this has to come after the migration that makes it.\n",
                self.label
            )
        } else {
            String::new()
        };
        let dependencies = dependencies.join(", ");
        let all_new = pending.changes.len() == pending.migration.changes.len();
        let constraint = if all_new { self.constraint(pending) } else { None };
        let steps = steps(product, pending);
        let what = pending.changes.first().map_or("guard", |c| c.name.as_str());
        let name = format!("{}_{what}", self.numbering.next_version());
        let head = "class Migration(migrations.Migration):\n    # Each statement is a transaction of its own: no lock is \
                    held from one to the next.\n    # If one fails, all of them can be run again\n    atomic = False\n";
        let (meta, imports, operations) = match constraint {
            Some(c) => (
                format!(
                    "#\n# The model says so, too, for makemigrations to leave it there. In {}'s Meta:\n{}",
                    c.model,
                    c.meta()
                ),
                c.imports(),
                format!(
                    "        migrations.SeparateDatabaseAndState(\n            database_operations=[\n{}            ],\n            \
                     state_operations=[\n{}            ],\n        ),\n",
                    indented(&steps, 16),
                    indented(&c.operation(), 16)
                ),
            ),
            None => (String::new(), "from django.db import migrations\n".to_owned(), indented(&steps, 8)),
        };
        let text = format!(
            "{}# Written by dbaudit.\n{note}{meta}\n{imports}\n\n{head}\n    dependencies = [{dependencies}]\n\n    operations = \
             [\n{operations}    ]\n",
            docstring(&pending.migration.finding.message)
        );
        let file = File::new(self.path.join(format!("{name}.py")), text);
        self.leaves = vec![name];
        Ok(file)
    }

    /// The constraint as Django has it; `None` if the table is no model's, or Django's words do not reach.
    fn constraint(&self, pending: &Pending<'_>) -> Option<Constraint> {
        let (table, finding) = (&pending.migration.table, &pending.migration.finding);
        let model = self.model(table)?;
        let field = |column: &str| model.field(column);
        let (class, condition, rest) = match &finding.guard {
            Guard::Check { condition } => ("CheckConstraint", Some(q(condition.tree(), &field)?), String::new()),
            Guard::Unique { key, predicate, nulls_not_distinct: false } => {
                let fields: Option<Vec<String>> =
                    key.iter().map(|part| field(part.as_column()?).map(|f| literal(&f))).collect();
                let condition = match predicate.as_ref().map(Expression::tree) {
                    Some(tree) => Some(q(tree, &field)?),
                    None => None,
                };
                ("UniqueConstraint", condition, format!("fields=[{}], ", fields?.join(", ")))
            }
            _ => return None,
        };
        let rest = format!("{rest}name={}", literal(&finding.guard_name));
        Some(Constraint { model: model.name.clone(), class, condition, rest })
    }
}

impl Model {
    /// The field of a column, if the migrations have it: that of a reference is called without the column's `_id`.
    fn field(&self, column: &str) -> Option<String> {
        let is_made = |field: &&str| {
            let is_name = field.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !field.contains("__");
            let made = |q: char| [format!("({q}{field}{q},"), format!("name={q}{field}{q}")];
            is_name && ['"', '\''].into_iter().flat_map(made).any(|m| self.text.contains(&m))
        };
        [Some(column), column.strip_suffix("_id")].into_iter().flatten().find(is_made).map(str::to_owned)
    }
}

/// A constraint in Django's words.
struct Constraint {
    model: String,
    class: &'static str,
    condition: Option<String>,
    /// The other arguments.
    rest: String,
}

impl Constraint {
    /// The lines for the model's Meta, as a comment.
    fn meta(&self) -> String {
        let condition = self.condition.as_ref().map(|c| format!("condition={c}, ")).unwrap_or_default();
        let old = if self.class == "CheckConstraint" { "  # check= before Django 5.1" } else { "" };
        let Constraint { class, rest, .. } = self;
        format!("#     constraints = [\n#         models.{class}({condition}{rest}),{old}\n#     ]\n")
    }

    fn imports(&self) -> String {
        let import = "from django.db import migrations, models\n";
        match self.class {
            "CheckConstraint" => format!(
                "import django\n{import}\n# The name of its argument changed\nCONDITION = \"condition\" if django.VERSION >= \
                 (5, 1) else \"check\"\n"
            ),
            _ => import.to_owned(),
        }
    }

    fn operation(&self) -> String {
        let Constraint { class, rest, .. } = self;
        let condition = match &self.condition {
            Some(c) if *class == "CheckConstraint" => format!(", **{{CONDITION: {c}}}"),
            Some(c) => format!(", condition={c}"),
            None => String::new(),
        };
        let model = literal(&self.model);
        format!(
            "migrations.AddConstraint(\n    model_name={model},\n    constraint=models.{class}({rest}{condition}),\n),\n"
        )
    }
}

/// A condition as a Q object.
fn q(e: &Expr, field: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let column = |e: &Expr| match e {
        Expr::Column(c) => field(c),
        _ => None,
    };
    let constant = |e: &Expr| match e {
        Expr::Number(n) if n.bytes().all(|b| b.is_ascii_digit() || b == b'-') => Some(n.clone()),
        Expr::Text(t) => Some(literal(t)),
        Expr::Bool(b) => Some(python_bool(*b).to_owned()),
        _ => None,
    };
    let all = |list: &[Expr], sign: &str| {
        let parts: Option<Vec<String>> = list.iter().map(|e| q(e, field)).collect();
        Some(format!("({})", parts?.join(sign)))
    };
    match e {
        Expr::Compare(op, a, b) => {
            let value = constant(b).or_else(|| Some(format!("models.F({})", literal(&column(b)?))))?;
            let (not, lookup) = match op {
                Comparison::Eq => ("", ""),
                Comparison::Ne => ("~", ""),
                Comparison::Lt => ("", "__lt"),
                Comparison::Le => ("", "__lte"),
                Comparison::Gt => ("", "__gt"),
                Comparison::Ge => ("", "__gte"),
            };
            Some(format!("{not}models.Q({}{lookup}={value})", column(a)?))
        }
        Expr::IsNull(c, not) => Some(format!("models.Q({}__isnull={})", column(c)?, python_bool(!not))),
        Expr::Column(_) => Some(format!("models.Q({}=True)", column(e)?)),
        Expr::Not(c) if matches!(**c, Expr::Column(_)) => Some(format!("models.Q({}=False)", column(c)?)),
        Expr::Not(inner) => Some(format!("~{}", q(inner, field)?)),
        Expr::In(c, list, not) => {
            let values: Option<Vec<String>> = list.iter().map(constant).collect();
            let not = if *not { "~" } else { "" };
            Some(format!("{not}models.Q({}__in=[{}])", column(c)?, values?.join(", ")))
        }
        Expr::And(list) => all(list, " & "),
        Expr::Or(list) => all(list, " | "),
        _ => None,
    }
}

fn python_bool(b: bool) -> &'static str {
    if b { "True" } else { "False" }
}

/// The changes as RunSQL operations. The first and the last are the limits on locks: on the way back they change places.
fn steps(product: Product, pending: &Pending<'_>) -> String {
    // statements alone in a list: nothing splits them, and a percent sign is one
    let list = |name: &str, statements: &[String]| match statements {
        [] => format!("    {name}=migrations.RunSQL.noop,\n"),
        [one] => format!("    {name}=[{}],\n", literal(one)),
        many => {
            let lines: String = many.iter().map(|s| format!("        {},\n", literal(s))).collect();
            format!("    {name}=[\n{lines}    ],\n")
        }
    };
    let run = |comment: String, sql: &[String], back: &[String]| {
        format!("{comment}migrations.RunSQL(\n{}{}),\n", list("sql", sql), list("reverse_sql", back))
    };
    let (set, reset) = (limits(product, "SET"), limits(product, "RESET"));
    let mut out = String::new();
    if !set.is_empty() {
        out += &run(String::new(), &set, &reset);
    }
    for change in &pending.changes {
        let up = &change.up.sql;
        let single = |sql: &String| {
            let statements = each(sql).into_iter().map(str::to_owned);
            // the limits are changed for what is built beside the writers
            let (before, after) = match is_transactional(sql) {
                true => (Vec::new(), Vec::new()),
                false => (patient(product), set.clone()),
            };
            before.into_iter().chain(statements).chain(after).collect::<Vec<_>>()
        };
        let down: Vec<String> = change.down().iter().flat_map(single).collect();
        // after a later step has failed, all of them are run again: this one as if it had not been there
        let again = if up.ends_with(" NOT VALID;") { down.clone() } else { Vec::new() };
        let up: Vec<String> = again.into_iter().chain(single(up)).collect();
        out += &run(comment(change), &up, &down);
    }
    if !set.is_empty() {
        out += &run(String::new(), &reset, &set);
    }
    out
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|l| format!("{:by$}{l}\n", "")).collect()
}

/// The migrations of the app on which none of its others depends. A squashed one stands for all that it replaces.
fn leaves(label: &str, migrations: &[(&str, &str)]) -> Vec<String> {
    // ("label", "name"), among those of other apps
    let own = |text: &str, what: &str| -> Vec<String> {
        let all = assigned(text, what).unwrap_or_default();
        all.windows(2).filter(|w| matches!(w, [app, _] if app == label)).filter_map(|w| w.get(1).cloned()).collect()
    };
    let replaced: BTreeMap<String, &str> =
        migrations.iter().flat_map(|(name, text)| own(text, "replaces").into_iter().map(move |r| (r, *name))).collect();
    let current = migrations.iter().filter(|(name, _)| !replaced.contains_key(*name));
    let dependencies = current.clone().flat_map(|(_, text)| own(text, "dependencies"));
    let needed: BTreeSet<String> =
        dependencies.map(|d| replaced.get(&d).map_or(d.clone(), |by| (*by).to_owned())).collect();
    current.map(|(name, _)| (*name).to_owned()).filter(|name| !needed.contains(name)).collect()
}

/// The models that the migrations leave, with their tables.
fn models(label: &str, migrations: &[(&str, &str)]) -> Vec<Model> {
    let default = |name: &str| format!("{label}_{name}");
    let mut out: Vec<Model> = Vec::new();
    // an operation each: migrations.CreateModel(…), migrations.AddField(…)
    for text in migrations.iter().flat_map(|(_, text)| text.split("migrations.").skip(1)) {
        let Some((operation, arguments)) = text.split_once('(') else { continue };
        let strings = strings(arguments, 1);
        let Some(name) = strings.first().map(|n| n.to_lowercase()) else { continue };
        let second = strings.get(1);
        let known = out.iter_mut().position(|m| m.name == name);
        match (operation, known.and_then(|i| out.get_mut(i))) {
            ("CreateModel", _) => {
                let given = strings.iter().position(|s| s == "db_table").and_then(|i| strings.get(i + 1));
                let table = given.cloned().unwrap_or_else(|| default(&name));
                out.push(Model { name, table, text: text.to_owned() });
            }
            ("RenameModel", Some(model)) => {
                let new = second.map(|n| n.to_lowercase()).unwrap_or_default();
                if model.table == default(&name) {
                    model.table = default(&new);
                }
                model.name = new;
            }
            ("AlterModelTable", Some(model)) => model.table = second.cloned().unwrap_or_else(|| default(&name)),
            ("DeleteModel", Some(_)) => out.retain(|m| m.name != name),
            ("AddField" | "RenameField", Some(model)) => model.text += text,
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const INITIAL: &str = "from django.db import migrations, models\n\nclass Migration(migrations.Migration):\n    \
        dependencies = [\n        ('auth', '0012_x'), migrations.swappable_dependency(settings.AUTH_USER_MODEL),\n    ]\n    \
        operations = [\n        migrations.CreateModel(\n            name='Show',\n            fields=[\n                \
        ('id', models.BigAutoField(primary_key=True)),\n                ('seats', models.IntegerField()),\n            ],\n        \
        ),\n        migrations.CreateModel(name='Seat', fields=[], options={'db_table': 'seats_of_old'}),\n    ]\n";

    fn after(name: &str) -> String {
        format!("class Migration(migrations.Migration):\n    dependencies = [(\"shop\", \"{name}\")]\n")
    }

    #[test]
    fn the_last_migration() {
        let (second, third) = (after("0001_initial"), after("0002_a"));
        let mut all = vec![("0001_initial", INITIAL), ("0002_a", second.as_str())];
        assert_eq!(leaves("shop", &[]), Vec::<String>::new());
        assert_eq!(leaves("shop", &all), ["0002_a"]);
        all.push(("0002_b", &second));
        assert_eq!(leaves("shop", &all), ["0002_a", "0002_b"], "they want a merge");
        all.truncate(2);
        all.push(("0003_c", &third));
        let squashed = "    replaces = [('shop', '0001_initial'), ('shop', '0002_a')]\n    dependencies = []\n";
        all.push(("0001_squashed_0002_a", squashed));
        assert_eq!(leaves("shop", &all), ["0003_c"]);
    }

    #[test]
    fn each_table_goes_to_its_app() {
        let mut folder = Folder::default();
        folder.root = PathBuf::from("/project");
        for app in ["shop", "shop_admin", "venv/lib/site-packages/other"] {
            folder.files.push((Path::new(app).join("migrations/__init__.py"), String::new()));
        }
        folder.files.push((PathBuf::from("shop/migrations/0001_initial.py"), INITIAL.to_owned()));
        let app = |name: &str| {
            let table = Table { schema: "public".to_owned(), name: name.to_owned(), ..Table::default() };
            app_of(&mut apps(&folder)?, &table).map(|app| app.path.display().to_string())
        };
        assert_eq!(app("shop_admin_user").expect("an app"), "shop_admin/migrations");
        assert_eq!(app("shop_show").expect("an app"), "shop/migrations");
        assert_eq!(app("seats_of_old").expect("an app"), "shop/migrations");
        assert_eq!(app("other_user").expect("an app"), "shop/migrations", "the first, for a table of none");
    }

    #[test]
    fn models_and_their_tables() {
        let later = "migrations.RenameModel(old_name='Show', new_name='Concert')\nmigrations.RenameField(\n    \
                     model_name='concert', old_name='seats', new_name='places')\nmigrations.DeleteModel(name='Seat')";
        let tables = |migrations: &[(&str, &str)]| -> Vec<(String, String)> {
            models("shop", migrations).into_iter().map(|m| (m.name, m.table)).collect()
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(tables(&[("1", INITIAL)]), [pair("show", "shop_show"), pair("seat", "seats_of_old")]);
        let renamed = [("1", INITIAL), ("2", later)];
        assert_eq!(tables(&renamed), [pair("concert", "shop_concert")]);
        let models = models("shop", &renamed);
        let field = |column: &str| models.first().and_then(|m| m.field(column));
        assert_eq!(field("places").as_deref(), Some("places"));
        assert_eq!(field("places_id").as_deref(), Some("places"), "were it a reference");
        assert_eq!(field("name"), None);
    }

    #[test]
    fn conditions() {
        let field = |c: &str| (c != "lost").then(|| c.to_owned());
        let q = |sql: &str| q(Expression::parse(sql).tree(), &field);
        assert_eq!(q("seats >= 0").as_deref(), Some("models.Q(seats__gte=0)"));
        assert_eq!(q("a <> 'x\"'").as_deref(), Some(r#"~models.Q(a="x\"")"#));
        assert_eq!(q("low <= high").as_deref(), Some("models.Q(low__lte=models.F(\"high\"))"));
        assert_eq!(
            q("deleted_at IS NULL AND active").as_deref(),
            Some("(models.Q(deleted_at__isnull=True) & models.Q(active=True))")
        );
        assert_eq!(q("state IN ('a', 'b')").as_deref(), Some("models.Q(state__in=[\"a\", \"b\"])"));
        assert_eq!(q("lower(a) = 'x'"), None);
        assert_eq!(q("lost = 1"), None);
    }
}
