//! Types: names as the server prints them, CREATE TYPE, CREATE DOMAIN and their changes.

use squawk_syntax::ast::{self, AstNode, NameLike};

use crate::catalog::{Check, Expression, UserType, canonical_type};
use crate::engine::quote_ident;
use crate::sql::convert;

use super::apply::{Applier, Outcome, literal, path_of, path_of_ref};
use super::names;
use super::state::{Qualified, State, TypeDef, TypeName};

/// PostgreSQL's types that already are canonical names.
const BUILT_IN: [&str; 63] = [
    "text",
    "bigint",
    "boolean",
    "bytea",
    "cidr",
    "circle",
    "date",
    "inet",
    "integer",
    "interval",
    "json",
    "jsonb",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "name",
    "numeric",
    "oid",
    "path",
    "pg_lsn",
    "pg_snapshot",
    "point",
    "polygon",
    "real",
    "smallint",
    "tsquery",
    "tsvector",
    "txid_snapshot",
    "uuid",
    "xml",
    "box",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "tstzrange",
    "daterange",
    "int4multirange",
    "int8multirange",
    "nummultirange",
    "tsmultirange",
    "tstzmultirange",
    "datemultirange",
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "tid",
    "xid",
    "xid8",
    "cid",
    "refcursor",
    "jsonpath",
    "aclitem",
];

/// CockroachDB's, where PostgreSQL has extensions.
const BUILT_IN_COCKROACH: [&str; 5] = ["geometry", "geography", "vector", "box2d", "ltree"];

/// Spellings that only CockroachDB takes: elsewhere a user's type may have that name.
const SPELLED_BY_COCKROACH: [&str; 4] = ["string", "bytes", "blob", "int64"];

impl TypeName {
    /// As the server prints it.
    pub fn text(&self) -> String {
        match self {
            TypeName::BuiltIn(name) => name.clone(),
            TypeName::User { name, modifier, array } => {
                let brackets = if *array { "[]" } else { "" };
                format!("{}.{}{modifier}{brackets}", quote_ident(&name.schema), quote_ident(&name.name))
            }
        }
    }
}

impl State {
    /// Resolves a type as written.
    pub fn type_name(&self, ty: &ast::Type) -> TypeName {
        let big = self.engine.is_cockroach();
        match ty {
            ast::Type::ArrayType(a) => match a.ty().map(|t| self.type_name(&t)) {
                Some(TypeName::BuiltIn(name)) if name.ends_with("[]") => TypeName::BuiltIn(name),
                Some(TypeName::BuiltIn(name)) => TypeName::BuiltIn(format!("{name}[]")),
                Some(TypeName::User { name, modifier, .. }) => TypeName::User { name, modifier, array: true },
                None => TypeName::BuiltIn(text_of(ty)),
            },
            ast::Type::PathType(p) => {
                let Some(path) = p.path_ref() else { return TypeName::BuiltIn(text_of(ty)) };
                let parts = path_of_ref(&path);
                let modifier: String =
                    p.arg_list().map(|a| text_of(&a).split_whitespace().collect()).unwrap_or_default();
                let quoted = path.segment().is_some_and(|s| s.is_quoted());
                self.named_type(&parts, modifier, quoted)
            }
            ast::Type::IntervalType(_) => TypeName::BuiltIn(text_of(ty).to_ascii_lowercase()),
            _ => {
                let text = text_of(ty).to_ascii_lowercase();
                // NATIONAL and NCHAR say nothing more
                let text = match text.strip_prefix("national ") {
                    Some(rest) => rest.to_owned(),
                    None => text.strip_prefix("nchar").map_or(text.clone(), |rest| format!("char{rest}")),
                };
                TypeName::BuiltIn(canonical_type(&text, big))
            }
        }
    }

    fn named_type(&self, parts: &[String], modifier: String, quoted: bool) -> TypeName {
        let big = self.engine.is_cockroach();
        let built_in = |name: &str| {
            let canonical = canonical_type(&format!("{name}{modifier}"), big);
            let known = BUILT_IN.contains(&name) || (big && BUILT_IN_COCKROACH.contains(&name));
            (known || canonical != format!("{name}{modifier}")).then_some(TypeName::BuiltIn(canonical))
        };
        match parts {
            [name] if quoted && name == "char" => return TypeName::BuiltIn("\"char\"".into()),
            [schema, name] if schema == "pg_catalog" => {
                // the type with one byte; `char` without quotes is another spelling of character(1)
                if name == "char" {
                    return TypeName::BuiltIn("\"char\"".into());
                }
                return built_in(name).unwrap_or_else(|| TypeName::BuiltIn(name.clone()));
            }
            [name] => {
                let shadowed = !big
                    && SPELLED_BY_COCKROACH.contains(&name.as_str())
                    && self.types.contains_key(&self.type_named(parts));
                if !shadowed && let Some(ty) = built_in(name) {
                    return ty;
                }
            }
            _ => {}
        }
        TypeName::User { name: self.type_named(parts), modifier, array: false }
    }

    /// What is behind a column's type.
    pub fn user_type(&self, ty: &TypeName) -> Option<UserType> {
        let TypeName::User { name, array: false, .. } = ty else { return None };
        match self.types.get(name)? {
            TypeDef::Enum(labels) => Some(UserType::Enum { labels: labels.clone() }),
            TypeDef::Domain { .. } => self.domain(name),
            TypeDef::Other => None,
        }
    }

    fn domain(&self, name: &Qualified) -> Option<UserType> {
        let (mut all, mut not_null, mut at) = (Vec::new(), false, name.clone());
        // a domain may be of a domain; the file may even say so in a circle
        for _ in 0..64 {
            let TypeDef::Domain { base, not_null: here, checks } = self.types.get(&at)? else { return None };
            all.extend(checks.iter().cloned());
            not_null |= here;
            match base {
                TypeName::User { name, array: false, .. }
                    if matches!(self.types.get(name), Some(TypeDef::Domain { .. })) =>
                {
                    at = name.clone();
                }
                base => {
                    return Some(UserType::Domain { base: base.text(), not_null, checks: all });
                }
            }
        }
        None
    }
}

/// The text of a node without comments, its spaces folded.
pub(super) fn text_of(node: &impl AstNode) -> String {
    let tokens = node.syntax().descendants_with_tokens().filter_map(|e| e.into_token());
    let text: String =
        tokens.map(|t| if t.kind().is_trivia() { " ".to_owned() } else { t.text().to_owned() }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Applier<'_> {
    pub fn create_type(&mut self, create: &ast::CreateType) -> Outcome {
        let path = create.type_name().and_then(|n| n.path()).ok_or("the type has no name")?;
        let name = self.state.place(&path_of(&path));
        let def = match create.kind() {
            Some(ast::CreateTypeKind::EnumType(e)) => {
                let variants = e.variant_list().ok_or("the enum has no list of labels")?;
                TypeDef::Enum(variants.variants().filter_map(|v| literal(v.literal())).collect())
            }
            _ => TypeDef::Other,
        };
        self.add_type(name, def);
        Ok(())
    }

    /// A type that exists already stays as it is: the second one would be an error, or has IF NOT EXISTS.
    fn add_type(&mut self, name: Qualified, def: TypeDef) {
        match self.state.types.get(&name) {
            None | Some(TypeDef::Other) => {
                self.state.types.insert(name, def);
            }
            Some(old) if *old != def && !self.lenient => {
                self.ignored(format!("the type {} exists already, and differs", name.label()));
            }
            Some(_) => {}
        }
    }

    pub fn create_domain(&mut self, create: &ast::CreateDomain) -> Outcome {
        let path = create.domain().and_then(|n| n.path()).ok_or("the domain has no name")?;
        let name = self.state.place(&path_of(&path));
        let base = self.state.type_name(&create.ty().ok_or("the domain has no type")?);
        let (mut not_null, mut checks) = (false, Vec::new());
        for q in create.domain_qualifiers() {
            match q {
                ast::DomainQualifier::Constraint(ast::Constraint::NotNullConstraint(_)) => not_null = true,
                ast::DomainQualifier::Constraint(c @ ast::Constraint::CheckConstraint(_)) => {
                    checks.extend(self.domain_check(&name, &c, &checks));
                }
                _ => {}
            }
        }
        self.add_type(name, TypeDef::Domain { base, not_null, checks });
        Ok(())
    }

    fn domain_check(&self, domain: &Qualified, constraint: &ast::Constraint, others: &[Check]) -> Option<Check> {
        let ast::Constraint::CheckConstraint(check) = constraint else { return None };
        let name = constraint.constraint_name().map(|n| n.text());
        let free = || {
            let mut name = names::object_name(&domain.name, None, "check");
            let mut n = 0;
            while others.iter().any(|c| c.name == name) {
                n += 1;
                name = names::object_name(&domain.name, None, &format!("check{n}"));
            }
            name
        };
        Some(Check {
            name: name.unwrap_or_else(free),
            expression: Expression::new(convert(&check.expr()?)),
            validated: !constraint.is_not_valid(),
            enforced: true,
        })
    }

    pub fn alter_type(&mut self, alter: &ast::AlterType) -> Outcome {
        let path = alter.type_name_ref().and_then(|n| n.path_ref()).ok_or("the type has no name")?;
        let name = self.state.type_named(&path_of_ref(&path));
        let action = alter.action().ok_or("nothing is said to be altered")?;
        match action {
            ast::AlterTypeAction::TypeRenameTo(r) => {
                let new = r.type_name().and_then(|n| n.path()?.segment()).ok_or("the new name is missing")?;
                self.state.rename_type(&name, &Qualified::new(&name.schema, &new.text()));
            }
            ast::AlterTypeAction::SetSchema(s) => {
                let schema = s.schema_ref().ok_or("the schema is missing")?.text();
                self.state.rename_type(&name, &Qualified::new(&schema, &name.name));
            }
            ast::AlterTypeAction::AddValue(add) => {
                let value = literal(add.literal()).ok_or("the new label is missing")?;
                let Some(TypeDef::Enum(labels)) = self.state.types.get_mut(&name) else {
                    return Err(format!("the enum {} is not known", name.label()));
                };
                if labels.contains(&value) {
                    return Ok(());
                }
                let place = |l: Option<String>| labels.iter().position(|x| Some(x) == l.as_ref());
                let at = match add.value_position() {
                    Some(ast::ValuePosition::BeforeValue(b)) => place(literal(b.literal())),
                    Some(ast::ValuePosition::AfterValue(a)) => place(literal(a.literal())).map(|i| i + 1),
                    None => None,
                };
                labels.insert(at.unwrap_or(labels.len()), value);
            }
            ast::AlterTypeAction::RenameValue(r) => {
                let mut values = r.syntax().children().filter_map(ast::Literal::cast).map(|l| literal(Some(l)));
                let (Some(Some(from)), Some(Some(to))) = (values.next(), values.next()) else {
                    return Err("a label is missing".into());
                };
                if let Some(TypeDef::Enum(labels)) = self.state.types.get_mut(&name) {
                    for l in labels.iter_mut().filter(|l| **l == from) {
                        l.clone_from(&to);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    pub fn alter_domain(&mut self, alter: &ast::AlterDomain) -> Outcome {
        let path = alter.domain_ref().and_then(|n| n.path_ref()).ok_or("the domain has no name")?;
        let name = self.state.type_named(&path_of_ref(&path));
        let action = alter.action().ok_or("nothing is said to be altered")?;
        match &action {
            ast::AlterDomainAction::DomainRenameTo(r) => {
                let new = r.domain().and_then(|n| n.path()?.segment()).ok_or("the new name is missing")?;
                self.state.rename_type(&name, &Qualified::new(&name.schema, &new.text()));
                return Ok(());
            }
            ast::AlterDomainAction::SetSchema(s) => {
                let schema = s.schema_ref().ok_or("the schema is missing")?.text();
                self.state.rename_type(&name, &Qualified::new(&schema, &name.name));
                return Ok(());
            }
            _ => {}
        }
        let Some(TypeDef::Domain { base, mut not_null, mut checks }) = self.state.types.get(&name).cloned() else {
            return Err(format!("the domain {} is not known", name.label()));
        };
        let named = |r: Option<ast::ConstraintNameRef>| r.and_then(|r| r.path_ref()?.segment()).map(|s| s.text());
        match action {
            ast::AlterDomainAction::SetNotNull(_) => not_null = true,
            ast::AlterDomainAction::DropNotNull(_) => not_null = false,
            ast::AlterDomainAction::AddConstraint(a) => match a.constraint() {
                Some(ast::Constraint::NotNullConstraint(_)) => not_null = true,
                Some(c) => checks.extend(self.domain_check(&name, &c, &checks)),
                None => return Err("the constraint is missing".into()),
            },
            ast::AlterDomainAction::DropConstraint(d) => {
                let dropped = named(d.constraint_name_ref());
                checks.retain(|c| Some(&c.name) != dropped.as_ref());
            }
            ast::AlterDomainAction::RenameConstraint(r) => {
                let (from, to) = (named(r.constraint_name_ref()), r.constraint_name().map(|n| n.text()));
                for c in checks.iter_mut().filter(|c| Some(&c.name) == from.as_ref()) {
                    c.name = to.clone().unwrap_or_default();
                }
            }
            ast::AlterDomainAction::ValidateConstraint(v) => {
                let valid = named(v.constraint_name_ref());
                for c in checks.iter_mut().filter(|c| Some(&c.name) == valid.as_ref()) {
                    c.validated = true;
                }
            }
            _ => {}
        }
        self.state.types.insert(name, TypeDef::Domain { base, not_null, checks });
        Ok(())
    }
}
