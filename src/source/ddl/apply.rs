//! One statement applied to the schema.

use squawk_syntax::ast::{self, AstNode, NameLike};

use crate::catalog::{Expr, Expression, Origin};
use crate::sql::{Extra, Rewritten, Tokens, convert, parse};

use super::Severity;
use super::state::{Qualified, State, nextval, sequence_text};

/// Why a statement, or a part of one, could not be applied.
pub(super) type Outcome = Result<(), String>;

/// Something to report about a statement.
#[derive(Debug)]
pub(super) struct Complaint {
    pub severity: Severity,
    /// Byte offset in the statement.
    pub offset: usize,
    pub reason: String,
}

/// The parser's words where one statement follows another without a semicolon.
const MISSING_SEMICOLON: &str = "Missing semicolon between statements";

/// Applies one statement.
pub(super) struct Applier<'s> {
    pub state: &'s mut State,
    /// Where the statement stands, for the tables that it creates.
    pub origin: Origin,
    /// The statement says IF EXISTS or IF NOT EXISTS: what is not there, or is there already, is no fault.
    pub lenient: bool,
    /// Offset of the part that is being looked at.
    pub at: usize,
    pub complaints: Vec<Complaint>,
}

impl<'s> Applier<'s> {
    pub fn new(state: &'s mut State, origin: Origin) -> Applier<'s> {
        Applier { state, origin, lenient: false, at: 0, complaints: Vec::new() }
    }

    pub fn unread(&mut self, reason: impl Into<String>) {
        self.complaints.push(Complaint { severity: Severity::Unread, offset: self.at, reason: reason.into() });
    }

    pub fn ignored(&mut self, reason: impl Into<String>) {
        self.complaints.push(Complaint { severity: Severity::Ignored, offset: self.at, reason: reason.into() });
    }

    /// Parses and applies a definition. Where semicolons are missing in it, nothing is done but to return the places.
    pub fn definition(&mut self, statement: &Rewritten<'_>) -> Vec<usize> {
        if statement.empty {
            let table = self.state.table_named(&statement.table);
            self.table_extras(&table, &statement.extras);
            return Vec::new();
        }
        let Some(parse) = parse(&statement.text) else {
            self.unread("the parser gives up on it");
            return Vec::new();
        };
        let errors = parse.errors();
        if let Some(error) = errors.first() {
            let missing = errors.iter().filter(|e| e.message() == MISSING_SEMICOLON);
            let places: Vec<usize> = missing.map(|e| usize::from(e.range().start())).collect();
            if error.message() == MISSING_SEMICOLON {
                return places;
            }
            // the parser points behind the last thing that it understood
            let start = usize::from(error.range().start());
            let rest = statement.text.get(start..).unwrap_or_default();
            self.at = start + rest.len() - rest.trim_start().len();
            self.unread(error.message().to_owned());
        }
        self.at = 0;
        let stmt = parse.tree().stmts().find(|s| !matches!(s, ast::Stmt::EmptyStmt(_)));
        if let Some(stmt) = stmt
            && let Err(reason) = self.apply(&stmt, &statement.extras)
        {
            self.unread(reason);
        }
        Vec::new()
    }

    fn apply(&mut self, stmt: &ast::Stmt, extras: &[Extra]) -> Outcome {
        match stmt {
            ast::Stmt::CreateTable(s) => self.create_table(s, extras),
            ast::Stmt::CreateTableAs(s) => self.create_table_as(s),
            ast::Stmt::AlterTable(s) => self.alter_table(s, extras),
            ast::Stmt::DropTable(s) => self.drop_table(s),
            ast::Stmt::CreateIndex(s) => self.create_index(s, extras),
            ast::Stmt::AlterIndex(s) => self.alter_index(s, extras),
            ast::Stmt::DropIndex(s) => self.drop_index(s, extras),
            ast::Stmt::CreateType(s) => self.create_type(s),
            ast::Stmt::AlterType(s) => self.alter_type(s),
            ast::Stmt::DropType(s) => {
                for name in s.type_name_refs().filter_map(|n| n.path_ref()) {
                    let name = self.state.type_named(&path_of_ref(&name));
                    self.state.drop_type(&name);
                }
                Ok(())
            }
            ast::Stmt::CreateDomain(s) => self.create_domain(s),
            ast::Stmt::AlterDomain(s) => self.alter_domain(s),
            ast::Stmt::DropDomain(s) => {
                for name in s.domain_refs().filter_map(|n| n.path_ref()) {
                    let name = self.state.type_named(&path_of_ref(&name));
                    self.state.drop_type(&name);
                }
                Ok(())
            }
            ast::Stmt::CreateSchema(s) => self.create_schema(s),
            ast::Stmt::AlterSchema(s) => self.alter_schema(s),
            ast::Stmt::DropSchema(s) => self.drop_schema(s),
            ast::Stmt::CommentOn(s) => self.comment(s),
            // what the parser took it for after an error, which is reported
            _ if !self.complaints.is_empty() => Ok(()),
            _ => Err("not a statement that is known here".into()),
        }
    }

    /// Converts an expression; `nextval('s')` names its sequence as the server prints it.
    pub fn expression(&self, expr: &ast::Expr) -> Expression {
        Expression::new(self.qualify_sequences(convert(expr)))
    }

    pub fn qualify_sequences(&self, expr: Expr) -> Expr {
        expr.map(&|e| match &e {
            Expr::Call(name, args) if name == "nextval" => match args.as_slice() {
                [Expr::Text(sequence)] => {
                    let tokens = Tokens::of(sequence);
                    let (path, end) = tokens.path(0);
                    if path.is_empty() || end < tokens.len() {
                        return e;
                    }
                    nextval(&sequence_text(&self.state.table_named(&path)))
                }
                _ => e,
            },
            _ => e,
        })
    }

    fn create_schema(&mut self, create: &ast::CreateSchema) -> Outcome {
        let name = create.schema_name().ok_or("the schema has no name")?;
        let name = ast::normalize_name_node(&name);
        self.state.schemas.insert(name.clone());
        // elements without a schema of their own are made in this one
        let path = self.state.search_path.clone();
        self.state.search_path.insert(0, name);
        let mut outcome = Ok(());
        for element in create.schema_elements() {
            let done = match element {
                ast::SchemaElement::CreateTable(s) => self.create_table(&s, &[]),
                ast::SchemaElement::CreateIndex(s) => self.create_index(&s, &[]),
                ast::SchemaElement::CreateType(s) => self.create_type(&s),
                ast::SchemaElement::CreateDomain(s) => self.create_domain(&s),
                _ => Ok(()),
            };
            outcome = outcome.and(done);
        }
        self.state.search_path = path;
        outcome
    }

    fn alter_schema(&mut self, alter: &ast::AlterSchema) -> Outcome {
        let Some(ast::AlterSchemaAction::SchemaRenameTo(rename)) = alter.action() else { return Ok(()) };
        let from = alter.schema_ref().ok_or("the schema has no name")?.text();
        let to = rename.schema().ok_or("the new name is missing")?.text();
        let tables: Vec<Qualified> =
            self.state.tables.keys().chain(&self.state.others).filter(|q| q.schema == from).cloned().collect();
        for q in tables {
            let moved = Qualified::new(&to, &q.name);
            self.state.rename_sequence(&q, &moved);
            self.state.rename_table(&q, moved);
        }
        let types: Vec<Qualified> = self.state.types.keys().filter(|q| q.schema == from).cloned().collect();
        for q in types {
            self.state.rename_type(&q, &Qualified::new(&to, &q.name));
        }
        self.state.schemas.remove(&from);
        self.state.schemas.insert(to);
        Ok(())
    }

    fn drop_schema(&mut self, drop: &ast::DropSchema) -> Outcome {
        for schema in drop.schema_refs().map(|s| s.text()) {
            let tables: Vec<Qualified> =
                self.state.tables.keys().chain(&self.state.others).filter(|q| q.schema == schema).cloned().collect();
            for q in tables {
                self.state.drop_table(&q);
            }
            let types: Vec<Qualified> = self.state.types.keys().filter(|q| q.schema == schema).cloned().collect();
            for q in types {
                self.state.drop_type(&q);
            }
            self.state.schemas.remove(&schema);
        }
        Ok(())
    }

    fn comment(&mut self, comment: &ast::CommentOn) -> Outcome {
        let text = literal(comment.literal());
        match comment.comment_object() {
            Some(ast::CommentObject::ObjectTable(t)) => {
                let path = t.table_name_ref().and_then(|t| t.path_ref()).ok_or("the table has no name")?;
                let name = self.state.table_named(&path_of_ref(&path));
                if let Some(t) = self.state.tables.get_mut(&name) {
                    t.table.comment = text;
                }
            }
            Some(ast::CommentObject::ObjectColumn(c)) => {
                let mut path = path_of_ref(&c.name().and_then(|c| c.path_ref()).ok_or("the column has no name")?);
                let column = path.pop().unwrap_or_default();
                let name = self.state.table_named(&path);
                if let Some(f) = self.state.tables.get_mut(&name).and_then(|t| t.field(&column)) {
                    f.column.comment = text;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A relation that is no table is made, renamed or dropped: names only.
    pub fn relation(&mut self, t: &Tokens<'_>) {
        let words = [
            "or",
            "replace",
            "temp",
            "temporary",
            "unlogged",
            "local",
            "global",
            "recursive",
            "materialized",
            "foreign",
        ];
        let mut i = 1;
        while t.is_any(i, &words) {
            i += 1;
        }
        i += 1; // VIEW, SEQUENCE, TABLE
        if t.is(i, "if") {
            i += if t.is(i + 1, "not") { 3 } else { 2 };
        }
        if t.is(0, "drop") {
            for (from, _) in t.segments(i, t.len()) {
                let name = self.state.table_named(&t.path(from).0);
                self.state.others.remove(&name);
            }
            return;
        }
        let (path, next) = t.path(i);
        if path.is_empty() {
            return;
        }
        if t.is(0, "create") {
            let name = self.state.place(&path);
            if !self.state.tables.contains_key(&name) {
                self.state.take(&name.schema, &name.name);
                self.state.others.insert(name);
            }
            return;
        }
        let from = self.state.table_named(&path);
        let to = match t.name(next + 2) {
            Some(name) if t.are(next, &["rename", "to"]) => Qualified::new(&from.schema, &name),
            Some(schema) if t.are(next, &["set", "schema"]) => Qualified::new(&schema, &from.name),
            _ => return,
        };
        if self.state.others.contains(&from) {
            self.state.rename_sequence(&from, &to);
            self.state.rename_table(&from, to);
        }
    }

    /// Applies what CockroachDB's grammar says of a table beyond PostgreSQL's.
    pub fn table_extras(&mut self, table: &Qualified, extras: &[Extra]) {
        for extra in extras {
            match extra {
                Extra::Computed { offset, column, sql } => {
                    self.at = *offset;
                    let expr = sql.as_ref().map(|sql| self.qualify_sequences(crate::sql::parse_expression(sql)));
                    if let Some(f) = self.state.tables.get_mut(table).and_then(|t| t.field(column)) {
                        f.column.generated = expr.map(Expression::new);
                        f.column.default = None;
                    }
                }
                Extra::Hidden { column, hidden } => {
                    if let Some(f) = self.state.tables.get_mut(table).and_then(|t| t.field(column)) {
                        f.column.hidden = *hidden;
                    }
                }
                Extra::PrimaryKey { columns } => self.alter_primary_key(table, columns),
                Extra::Index { offset, sql, without_index, not_valid } => {
                    self.at = *offset;
                    let parsed = parse(sql);
                    let index = parsed.and_then(|p| match (p.errors().first(), p.tree().stmts().next()) {
                        (None, Some(ast::Stmt::CreateIndex(index))) => Some(index),
                        _ => None,
                    });
                    let outcome = match index {
                        Some(index) => self.add_index(table, &index, &[], *without_index, !not_valid),
                        None => Err("the index is not understood".into()),
                    };
                    if let Err(reason) = outcome {
                        self.unread(reason);
                    }
                }
                Extra::Method(_) | Extra::Unchecked | Extra::At(_) => {}
            }
        }
        self.at = 0;
    }
}

/// The parts of a dotted name.
pub(super) fn path_of(path: &ast::Path) -> Vec<String> {
    let mut parts = path.qualifier().map(|q| path_of_ref(&q)).unwrap_or_default();
    parts.extend(path.segment().map(|s| s.text()));
    parts
}

/// The parts of a dotted name.
pub(super) fn path_of_ref(path: &ast::PathRef) -> Vec<String> {
    let mut parts = Vec::new();
    let mut at = Some(path.clone());
    while let Some(p) = at {
        parts.extend(p.segment().map(|s| s.text()));
        at = p.qualifier();
    }
    parts.reverse();
    parts
}

/// The value of a string constant.
pub(super) fn literal(literal: Option<ast::Literal>) -> Option<String> {
    literal?.string_value()
}

/// The offset of a node in the statement.
pub(super) fn offset_of(node: &impl AstNode) -> usize {
    usize::from(node.syntax().text_range().start())
}
